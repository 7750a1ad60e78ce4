"""Many kills of whole nights, at random moments: `python -m tests.faults.kills --kills 200`.

Belongs here: drawing moments, and the account of what came of them. Does not belong here: how a
process is killed (forked.py), what must hold (invariants.py).

Each case begins on a fresh copy of a home before one of its nights. The night is killed, often once
more when it is tried again, then run to its end, and every table must be what the undisturbed night
made. There are kills at changes of files, half of them power cuts that take what was not synced
(power.py), and kills at seconds of processor time; first nights, later ones, and later ones that
build everything anew.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from orchestration.publication.versions import current_version
from orchestration.settings import Settings
from tests.faults import forked
from tests.faults.forked import Moment
from tests.faults.homes import Undisturbed, copy_home, undisturbed
from tests.faults.invariants import broken, differences

NIGHTS = 3


def kill_night(
    story: Undisturbed, number: int, moments: list[Moment], built_anew: Settings | None = None
) -> tuple[int, list[str]]:
    """Kill a night at one moment after another, then let it end.

    `built_anew` is the home after that night where it built everything anew; then the first try
    does so too. Returns how often it was killed, and what did not hold.
    """
    options = [] if built_anew is None else ["--full-refresh"]
    settings = story.set_up(number)
    allowed = {current_version(settings), current_version(story.expected(number))}
    night, faults, kills = str(story.nights[number]), [], 0
    for moment in moments:
        ended = forked.run(story.home, "nightly", "--to", night, *options, kill=moment)
        # What was asked for once may be done by now: asked for again, it would be done again.
        options = []
        faults += [
            f"after the kill {moment}: {fault}" for fault in forked.call(broken, settings, allowed)
        ]
        if ended.status is not None:
            # It ended before that moment came, because there was less to do.
            break
        kills += 1
    ended = forked.run(story.home, "nightly", "--to", night)
    if ended.status != 0:
        said = ended.printed[-2000:]
        return kills, [*faults, f"the next night ended with {ended.status}: {said}"]
    allowed = {current_version(story.expected(number))}
    faults += forked.call(broken, settings, allowed)
    ends = [story.expected(number), *([] if built_anew is None else [built_anew])]
    found = [forked.call(differences, settings, end) for end in ends]
    # Whether the night that came to its end built everything anew depends on the moments.
    return kills, faults if [] in found else [*faults, *found[0]]


def build_anew(story: Undisturbed, number: int) -> Settings:
    """The home after a night that builds everything anew, undisturbed."""
    story.set_up(number)
    night = str(story.nights[number])
    done = forked.run(story.home, "nightly", "--to", night, "--full-refresh")
    assert done.status == 0, done.printed
    copy_home(story.home, story.folder / f"anew_{number}")
    return Settings(home=story.folder / f"anew_{number}")


def draw(story: Undisturbed, number: int, generator: random.Random) -> Moment:
    """A moment of a night, of the one kind or the other."""
    if generator.random() < 0.5:
        change = generator.randint(1, len(story.changes[number]))
        return Moment(change=change, power_cut=generator.random() < 0.5)
    return Moment(cpu_seconds=generator.uniform(0.1, story.cpu_seconds[number]))


def main() -> int:
    """Kill, write a line of JSON for each, and end with 1 if anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--opportunities", type=int, default=150)
    parser.add_argument("--chain", type=int, default=2, help="kills before a night may end")
    parser.add_argument("--results", type=Path, help="a file that gets a line of JSON for each")
    options = parser.parse_args()
    forked.import_everything()
    generator = random.Random(options.seed)
    kills = cases = bad = 0
    with tempfile.TemporaryDirectory(prefix="flywheel-kills-") as folder:
        story = undisturbed(Path(folder), options.opportunities, NIGHTS)
        # A first night builds everything anyway.
        anew = {number: build_anew(story, number) for number in range(1, NIGHTS)}
        while kills < options.kills:
            number = generator.randrange(NIGHTS)
            chain = generator.randint(1, options.chain)
            moments = [draw(story, number, generator) for _ in range(chain)]
            built_anew = anew[number] if number and generator.random() < 0.3 else None
            begun = time.monotonic()
            done, faults = kill_night(story, number, moments, built_anew)
            kills, cases, bad = kills + done, cases + 1, bad + bool(faults)
            line = {
                "kills": kills,
                "night": number,
                "full": built_anew is not None,
                "moments": [str(each) for each in moments],
                "seconds": round(time.monotonic() - begun),
                "faults": faults,
            }
            print(json.dumps(line), flush=True)
            if options.results:
                with options.results.open("a") as file:
                    file.write(json.dumps(line) + "\n")
    print(f"{kills} kills of {cases} nights: {bad} with something that did not hold")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
