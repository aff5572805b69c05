# SPDX-License-Identifier: MIT
# presets: release
# timeout: 120
"""`gilloc lab --timeline FILE.pftrace`, read by protoc with Perfetto's field numbers (tools/perfetto.proto)."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403
from timeline import expect_convoy, expect_run  # noqa: E402

SCHEMA = SOURCE / "tests/tools/perfetto.proto"
LAB = ["lab", "--workload", "mixed", "--flavour", "gil,fine", "--threads", "1", "--seconds", "0.2", "--rounds", "1",
       "--rate", "1000"]


def parse(lines):
    """protoc's text form: {field: [values]}, messages as such dictionaries."""
    message = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            return message
        if line.endswith(" {"):
            message.setdefault(line[:-2], []).append(parse(lines))
        else:
            field, value = line.split(": ", 1)
            expect(not field.isdigit(), f"field {field} is not in the schema")
            message.setdefault(field, []).append(value.strip('"'))
    return message


def only(message, field):
    expect(len(message.get(field, [])) == 1, f"{field} is not there once: {message}")
    return message[field][0]


def take_descriptor(tracks, runs, descriptor):
    uuid = int(only(descriptor, "uuid"))
    expect(uuid not in tracks, f"two tracks {uuid}")
    if "process" in descriptor:
        process = descriptor["process"][0]
        tracks[uuid] = (only(process, "process_name"), [])
        runs.append(tracks[uuid])
        expect(int(only(process, "pid")) > 0, "pid")
    else:
        thread, parent = only(descriptor, "thread"), tracks[int(only(descriptor, "parent_uuid"))]
        tracks[uuid] = (only(thread, "thread_name"), [], [])
        expect(int(only(thread, "tid")) > 0 and int(only(thread, "pid")) > 0, "tid and pid")
        parent[1].append(tracks[uuid])


def take_event(tracks, open_slices, at, event):
    uuid, kind = int(only(event, "track_uuid")), only(event, "type")
    _, slices, instants = tracks[uuid]
    if kind == "TYPE_SLICE_BEGIN":
        expect(uuid not in open_slices, "a slice begins in a slice")
        open_slices[uuid] = (at, only(event, "name"))
    elif kind == "TYPE_SLICE_END":
        begin, name = open_slices.pop(uuid)
        slices.append((begin, at, name))
    else:
        expect(kind == "TYPE_INSTANT", kind)
        instants.append((at, only(event, "name")))


def runs_of(trace):
    tracks, runs, open_slices, latest = {}, [], {}, {}
    for packet in trace["packet"]:
        expect(only(packet, "trusted_packet_sequence_id") == "1", "sequence")
        if "track_descriptor" in packet:
            take_descriptor(tracks, runs, packet["track_descriptor"][0])
            continue
        event, at = only(packet, "track_event"), int(only(packet, "timestamp"))
        uuid = only(event, "track_uuid")
        expect(latest.get(uuid, 0) <= at, f"track {uuid}: {at} after {latest.get(uuid)}")
        latest[uuid] = at
        take_event(tracks, open_slices, at, event)
    expect(not open_slices, "a slice without an end")
    return runs


def main():
    need("protoc")
    with scratch() as name:
        for end in ("pftrace", "perfetto-trace"):
            path = pathlib.Path(name) / f"out.{end}"
            expect_success(run([GILLOC, *LAB, "--timeline", path]))
            with path.open("rb") as file:
                decoded = run(["protoc", f"--proto_path={SCHEMA.parent}", "--decode=perfetto.protos.Trace",
                               SCHEMA.name], stdin=file, cwd=SCHEMA.parent)
            text = expect_success(decoded).stdout.decode()
            runs = runs_of(parse(iter(text.splitlines())))
            expect(sorted(re.sub(" us$", "", run[0]) for run in runs) ==
                   ["mixed: fine, 1 thread, no GIL", "mixed: gil, 1 thread, interval, 5000"], f"{[r[0] for r in runs]}")
            for run_name, threads in runs:
                expect_run(run_name, threads)
                if "gil" in run_name.split(",")[0]:
                    expect_convoy(threads)
    done()


main()
