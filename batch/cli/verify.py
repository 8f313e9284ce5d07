"""`verify`: a folder of clips held against the notes beside them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from batch.cli.console import printable, say, say_json
from batch.collect.verifying import Standing, verify_folder
from batch.core.counting import counted
from batch.errors import Exit, MissingInput

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Look at every clip and name those that are not as delivered; 1 if any is not, 66 where there are none."""
    folder = arguments.folder
    if not folder.is_dir():
        raise MissingInput("no such folder", where=str(folder), hint="give the folder that holds the clips")
    found = list(verify_folder(folder))
    if not found:
        raise MissingInput("no clips in it", where=str(folder), hint="give the folder that holds the clips")
    counts = Counter(one.standing for one in found)
    wrong = [one for one in found if one.standing is not Standing.SOUND]
    exit_code = Exit.SOME_FAILED if wrong else Exit.DONE
    if arguments.json:
        listed = [{"path": o.path, "standing": o.standing.value, "sku": o.sku, "detail": o.detail} for o in wrong]
        numbers = {standing.value.replace(" ", "_"): counts[standing] for standing in Standing}
        say_json({"clips": len(found), **numbers, "wrong": listed, "exit": int(exit_code)})
    else:
        say(printable(f"{one.path}: {one.standing.value}: {one.detail}") for one in wrong)
        say([f"{counts[Standing.SOUND]:,} of {counted(len(found), 'clip is', 'clips are')} as delivered"])
    return exit_code
