#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# gilloc-bench-programs: the real programs of `gilloc bench`.
#   missing PROGRAM                            prints the Debian package that is missing, if one is
#   prepare PROGRAM SCRATCH                    makes its inputs in SCRATCH/PROGRAM; 77, with the reason, where it cannot
#   run PROGRAM SCRATCH LAUNCHER LIBRARY       one run with LIBRARY preloaded ("-": nothing): a word and a figure a line
# seconds is the time of the program, for a server that of its client. The checksum is that of what the program came
# to and must not depend on the allocator. Servers listen on a socket in SCRATCH, or on a free port of the loopback
# interface where the client cannot do otherwise, and end with the run. Only the program itself is preloaded.
set -euo pipefail
export LC_ALL=C
unset LD_PRELOAD

# Exits with 77 where the program or one that drives it is not there.
package_of() {
  case $1 in
    redis-*) echo redis-server redis-benchmark redis-server ;;
    python) echo python3 python3 python3 ;;
    sqlite) echo sqlite3 sqlite3 sqlite3 ;;
    lua) echo lua5.4 lua5.4 lua5.4 ;;
    nginx) echo nginx-light nginx wrk ;;
    memcached) echo memcached memcached perl ;;
    postgres) echo postgresql postgres pgbench ;;
    *) echo "$1" "$1" "$1" ;;
  esac
}

is_there() {
  [[ $1 == postgres && -n $(postgres_folder) ]] || command -v "$1" >/dev/null
}

postgres_folder() {
  local folder found=
  for folder in /usr/lib/postgresql/*/bin; do
    [[ -x $folder/postgres && -x $folder/initdb ]] && found=$folder
  done
  echo "$found"
}

fail() {
  echo "$1: $2" >&2
  exit 1
}

# ---- measuring ----

# timed COMMAND...: its output into $work/output; `seconds` and `peak_bytes` printed.
timed() {
  "$launcher" -f "$work/figures" "$library" "$@" >"$work/output" 2>"$work/complaint" ||
    fail "$program" "$(head -n 1 "$work/complaint")"
  sed -n 's/^wall /seconds /p;/^cpu/p;/^peak_bytes/p' "$work/figures"
}

digest() {
  echo "checksum $(md5sum | cut -c 1-32)"
}

# serve COMMAND...: a server in the background, ended with this script.
serve() {
  "$launcher" -f "$work/figures" "$library" "$@" >"$work/server" 2>&1 &
  server=$!
  trap 'stop TERM' EXIT
}

stop() {
  trap - EXIT
  kill -"$1" "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
}

# until_works COMMAND...: the server answers, within 20 s.
until_works() {
  local deadline=$((SECONDS + 20))
  until "$@" >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "$program" "the server ended: $(head -n 1 "$work/server")"
    ((SECONDS < deadline)) || fail "$program" "the server does not answer"
    read -rt 0.02 <> <(:) || true
  done
}

# The server itself, which the launcher started, must have the library, and tells what it holds now.
look_at_server() {
  local resident
  # The list has no newline at its end.
  read -r child <"/proc/$server/task/$server/children" || true
  if [[ $library != - ]] && ! grep -q -F "${library##*/}" "/proc/$child/maps"; then
    fail "$program" "the server did not load $library"
  fi
  read -r _ resident _ <"/proc/$child/statm"
  echo "settled_bytes $((resident * $(getconf PAGESIZE)))"
}

# client COMMAND...: prints the seconds it took.
client() {
  local begin=$EPOCHREALTIME
  "$@" >"$work/client" 2>&1 || fail "$program" "the client failed: $(tail -n 1 "$work/client")"
  local end=$EPOCHREALTIME
  awk -v a="$begin" -v b="$end" 'BEGIN { printf "seconds %.6f\n", b - a }'
}

peak_of_server() {
  stop "$1"
  sed -n '/^cpu/p;/^peak_bytes/p' "$work/figures"
}

# ---- the programs ----

redis() {
  local socket=$work/socket keys
  rm -f "$socket"
  serve redis-server --unixsocket "$socket" --port 0 --save '' --appendonly no --dir "$work"
  until_works redis-cli -s "$socket" ping
  client redis-benchmark -s "$socket" -q -P 16 "$@"
  keys=$(seq 500)
  {
    redis-cli -s "$socket" llen numbers
    redis-cli -s "$socket" lrange numbers 0 -1 | md5sum
    for key in $keys; do echo "set check:$key value-$((key * key))"; done | redis-cli -s "$socket" | sort | uniq -c
    for key in $keys; do echo "get check:$key"; done | redis-cli -s "$socket"
    redis-cli -s "$socket" del numbers
  } | digest
  redis-cli -s "$socket" flushall >/dev/null
  look_at_server
  peak_of_server TERM
}

run_redis-lpush() {
  redis -n 150000 lpush numbers 1 2 3 4 5
}

run_redis-setget() {
  redis -t set,get -n 100000 -r 20000 -d 200
}

prepare_python() {
  python3 -c 'import sys; print(sys.executable)' >"$work/interpreter"
  cat >"$work/program.py" <<'END'
import ast, json, random
random.seed(7)
words = ["".join(chr(97 + random.randrange(26)) for _ in range(random.randrange(3, 12))) for _ in range(20000)]
count = {}
for _ in range(4):
    for word in words:
        count.setdefault(word[:4], []).append(word.upper())
document = json.loads(json.dumps({k: [{"word": w, "n": len(w)} for w in v] for k, v in count.items()}))
source = "\n".join(f"def f{i}(a, b={i}):\n    return [a * x + b for x in range({i}) if x % 3]" for i in range(400))
nodes = sum(1 for _ in ast.walk(ast.parse(source)))
code = compile(source, "generated", "exec")
print(len(document), sum(e["n"] for v in document.values() for e in v), nodes, len(code.co_consts))
print(sorted(count)[:100])
END
}

run_python() {
  local interpreter
  interpreter=$(<"$work/interpreter")
  timed env PYTHONMALLOC=malloc PYTHONHASHSEED=1 "$interpreter" -S "$work/program.py"
  digest <"$work/output"
}

prepare_sqlite() {
  cat >"$work/program.sql" <<'END'
create table t(id integer primary key, name text, value integer, note text);
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
insert into t select i, printf('name-%07d', (i * 7919) % 60013), (i * 104729) % 1000, hex(i * i) || 'x' from n;
commit;
create index t_name on t(name);
create index t_value on t(value, note);
update t set note = note || name where value % 5 = 0;
delete from t where id % 11 = 0;
select value, count(*), group_concat(substr(name, 6, 3)) from t group by value order by value limit 200;
select count(*), sum(a.value * b.value) from t a join t b on a.name = b.name where a.id < 20000;
select sum(length(note)), sum(value), max(name) from t;
pragma integrity_check;
END
}

run_sqlite() {
  rm -f "$work/data"
  timed sqlite3 "$work/data" ".read $work/program.sql"
  [[ $(tail -n 1 "$work/output") == ok ]] || fail sqlite "integrity_check says $(tail -n 1 "$work/output")"
  digest <"$work/output"
}

prepare_lua() {
  cat >"$work/program.lua" <<'END'
local function grow(depth)
  if depth == 0 then return {} end
  return {grow(depth - 1), grow(depth - 1)}
end
local function count(tree)
  if not tree[1] then return 1 end
  return 1 + count(tree[1]) + count(tree[2])
end
local tall = grow(14)
for depth = 4, 14, 2 do
  local trees, sum = 1 << (14 - depth + 4), 0
  for _ = 1, trees do sum = sum + count(grow(depth)) end
  print(depth, trees, sum)
end
print(count(tall))
END
}

run_lua() {
  timed lua5.4 "$work/program.lua"
  digest <"$work/output"
}

prepare_perl() {
  cat >"$work/program.pl" <<'END'
my (%count, @lines);
my $dice = 12345;
for my $i (1 .. 60000) {
  $dice = ($dice * 1103515245 + 12345) % 2147483648;
  push @lines, join " ", map { sprintf "w%d", ($dice >> $_) % 5000 } 1 .. 6;
}
for my $line (@lines) {
  my @words = split / /, $line;
  $count{$_}{length $_}++ for @words;
  $line =~ s/w(\d)/W$1-$1/g;
}
my %seen;
push @{$seen{substr $_, 0, 5}}, $_ for @lines;
print scalar(keys %count), " ", scalar(keys %seen), "\n";
print join(",", map { "$_:" . join("/", %{$count{$_}}) } (sort keys %count)[0 .. 300]), "\n";
print length(join "", sort @lines), "\n";
END
}

run_perl() {
  timed env PERL_HASH_SEED=0 perl "$work/program.pl"
  digest <"$work/output"
}

prepare_ruby() {
  cat >"$work/program.rb" <<'END'
dice = 12345
kept = []
sum = 0
150_000.times do |i|
  dice = (dice * 1103515245 + 12345) % 2147483648
  text = "item-#{i}" * (1 + dice % 12)
  kept[dice % 4000] = {text: text, parts: text.split("-"), n: [i, i * 2, i * 3]}
  sum += kept[dice % 4000][:parts].length
end
list = kept.compact.map { |k| k[:parts].join("+") }.sort
puts sum, list.length, list.join.length, list[0, 50]
END
}

run_ruby() {
  timed ruby --disable-gems "$work/program.rb"
  digest <"$work/output"
}

prepare_gcc() {
  local i
  for ((i = 0; i < 60; i++)); do
    cat <<END
struct s$i { int a[$((i % 7 + 2))]; struct s$i *next; unsigned long mask; };
unsigned long f$i(struct s$i *s, int n)
{
  unsigned long sum = $i;
  for (int i = 0; i < n && s; i++, s = s->next) {
    switch (s->a[i % $((i % 7 + 2))] & 7) {
    case 0: sum += s->mask; break;
    case 1: sum ^= s->mask << (i & 15); break;
    case 2: sum *= $((2 * i + 3)); break;
    case 3: for (int j = 0; j < n; j++) sum += (unsigned long)j * s->mask; break;
    default: sum -= (unsigned long)s->a[0];
    }
  }
  return sum;
}
END
  done >"$work/program.c"
}

run_gcc() {
  timed gcc -O2 -S -o "$work/program.s" "$work/program.c"
  digest <"$work/program.s"
}

# A server that refuses to be root runs as somebody who owns its folder.
other_user() {
  if ((EUID != 0)); then
    return
  fi
  id postgres >/dev/null 2>&1 && echo postgres || echo nobody
}

# as_user COMMAND...: in `command`, what runs it as that user.
as_user() {
  local user
  user=$(other_user)
  command=("$@")
  if [[ -n $user ]]; then
    command=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@")
  fi
}

postgres_options() {
  echo -c listen_addresses= -c unix_socket_directories="$work" -c fsync=off -c shared_buffers=16MB -c autovacuum=off \
    -c jit=off -c max_connections=20
}

prepare_postgres() {
  local user folder
  user=$(other_user)
  folder=$(postgres_folder)
  if [[ -n $user ]]; then
    chown "$user" "$work"
  fi
  as_user "$folder/initdb" -D "$work/data" -U bench -A trust --no-sync
  "${command[@]}" >"$work/initdb" 2>&1 || fail postgres "initdb: $(tail -n 1 "$work/initdb")"
  launcher=$(dirname "$(readlink -f "$0")")/gilloc-bench-launch library=-
  start_postgres
  pgbench -h "$work" -U bench -i -s 1 -q postgres >"$work/init" 2>&1 || fail postgres "$(tail -n 1 "$work/init")"
  stop INT
}

start_postgres() {
  local options
  read -ra options <<<"$(postgres_options)"
  as_user "$(postgres_folder)/postgres" -D "$work/data" "${options[@]}"
  serve "${command[@]}"
  until_works psql -h "$work" -U bench -c 'select 1' postgres
}

run_postgres() {
  # The other user must be able to read the library.
  if [[ $library != - ]]; then
    install -m 755 "$library" "$work/"
    library=$work/${library##*/}
  fi
  start_postgres
  client pgbench -h "$work" -U bench -n -c 2 -j 1 -t 500 --random-seed=1 postgres
  psql -h "$work" -U bench -At postgres <<'END' | digest
select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history),
  (select sum(tbalance) from pgbench_tellers) = (select sum(delta) from pgbench_history),
  (select sum(bbalance) from pgbench_branches) = (select sum(delta) from pgbench_history),
  (select count(*) from pgbench_history) % 1000;
END
  look_at_server
  peak_of_server INT
}

prepare_nginx() {
  mkdir -p "$work/logs" "$work/www"
  seq -f 'line %.0f of a page that gzip has to work on' 400 >"$work/www/page.txt"
  basename "$(dirname "$work")" >"$work/www/whose.txt"
}

# get PORT PATH: the body.
get() {
  local line
  exec {http}<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&"$http"
  while read -r -u "$http" line && [[ $line != $'\r' ]]; do :; done
  cat <&"$http"
  exec {http}<&-
}

is_ours() {
  [[ $(get "$port" /whose.txt) == "$(<"$work/www/whose.txt")" ]]
}

run_nginx() {
  port=$((20000 + RANDOM % 12000))
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    port=$((port + 1))
  done
  cat >"$work/nginx.conf" <<END
daemon off; master_process off; pid $work/pid; error_log $work/logs/error.log;
events { worker_connections 256; }
http {
  access_log off; gzip on; gzip_min_length 1; gzip_types text/plain; default_type text/plain;
  client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
  server { listen 127.0.0.1:$port; root $work/www; }
}
END
  PATH=$PATH:/usr/sbin
  serve nginx -c "$work/nginx.conf" -e "$work/logs/error.log" -p "$work"
  until_works is_ours
  wrk -t 1 -c 16 -d 1s -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/page.txt" >"$work/client" 2>&1 ||
    fail nginx "wrk: $(tail -n 1 "$work/client")"
  if grep -q -E 'Non-2xx|Socket errors' "$work/client"; then
    fail nginx "$(grep -m 1 -E 'Non-2xx|Socket errors' "$work/client")"
  fi
  # What 10,000 requests take.
  awk '/^Requests\/sec/ { printf "seconds %.6f\n", 10000 / $2 }' "$work/client"
  get "$port" /page.txt | digest
  look_at_server
  peak_of_server TERM
}

prepare_memcached() {
  cat >"$work/client.pl" <<'END'
use IO::Socket::UNIX;
my ($path, $wait) = @ARGV;
my $socket = IO::Socket::UNIX->new(Peer => $path) or exit 1;
exit 0 if $wait;
sub value { my $i = shift; return sprintf("value-%d-", $i) x (1 + $i % 40) }
my $sum = 0;
for my $pass (1 .. 3) {
  for (my $first = 0; $first < 15000; $first += 50) {
    my $text = "";
    for my $i ($first .. $first + 49) {
      my $value = value($i + $pass);
      $text .= "set key-$i 0 0 " . length($value) . " noreply\r\n$value\r\n";
    }
    $text .= "get " . join(" ", map { "key-$_" } $first .. $first + 49) . "\r\n";
    print $socket $text; $socket->flush;
    my $i = $first;
    while (defined(my $line = <$socket>)) {
      last if $line eq "END\r\n";
      $line =~ /^VALUE key-(\d+) 0 (\d+)/ or die "unexpected: $line";
      read($socket, my $value, $2 + 2);
      die "wrong value of key-$1" if $value ne value($1 + $pass) . "\r\n";
      $sum += length $value; $i++;
    }
    die "values are missing" if $i != $first + 50;
  }
}
print "$sum\n";
END
}

run_memcached() {
  local socket=$work/socket
  rm -f "$socket"
  serve memcached -s "$socket" -u "$(id -un)" -m 64 -t 2
  until_works perl "$work/client.pl" "$socket" wait
  client perl "$work/client.pl" "$socket"
  digest <"$work/client"
  look_at_server
  # Asked to end, it would wait for its clock.
  kill -KILL "$child"
  peak_of_server TERM
}

# ---- which was meant ----

verb=${1:?} program=${2:?}
read -r package first second <<<"$(package_of "$program")"
PATH=$PATH:/usr/sbin:/sbin
case $verb in
  missing)
    if ! is_there "$first" || ! is_there "$second"; then
      echo "$package$([[ $program == nginx ]] && echo ' wrk')"
    fi
    ;;
  prepare)
    work=${3:?}/$program
    for command in "$first" "$second"; do
      is_there "$command" || {
        echo "$command is not installed (gilloc bench --install gets it)" >&2
        exit 77
      }
    done
    mkdir -p "$work"
    if declare -F "prepare_$program" >/dev/null; then
      "prepare_$program"
    fi
    ;;
  run)
    work=${3:?}/$program launcher=${4:?} library=${5:?}
    "run_$program"
    ;;
  *) fail "$verb" "no such verb" ;;
esac
