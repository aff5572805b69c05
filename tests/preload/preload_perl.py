# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""perl: hashes, strings, regular expressions, sorting, and an exit status of its own."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = r"""
use strict; use warnings;
my (%seen, @lines);
for my $i (1 .. 60000) {
  my $word = join '', map { chr(97 + ($i * $_) % 26) } 1 .. 1 + $i % 9;
  $seen{$word}{count}++;
  push @{$seen{$word}{at}}, $i if $i % 3;
  push @lines, "$word:" . ('x' x ($i % 50));
}
my $joined = join ',', @lines;
$joined =~ s/([aeiou]+)x*/<$1>/g;
my $sum = 0;
$sum = ($sum * 31 + ord) % 1000000007 for split //, substr($joined, 0, 200000);
printf "%s %d %s\n", $_, $seen{$_}{count}, join('-', (@{$seen{$_}{at} || []})[0 .. 2] ? 'many' : 'few')
  for (sort { $seen{$b}{count} <=> $seen{$a}{count} || $a cmp $b } keys %seen)[0 .. 99];
print "$sum ", length($joined), "\n";
exit 42;
"""


def main():
    need("perl")
    plain = compare(flavour_argument(), ["perl", "-e", PROGRAM], env=dict(os.environ, PERL_HASH_SEED="0", LC_ALL="C"))
    expect(plain.returncode == 42, f"perl itself failed: {plain.stderr}")
    done()


main()
