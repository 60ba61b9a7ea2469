"""``ressenti migrate``: the tables this version needs, in PostgreSQL or in the data folder."""

from streams.opening import migrated
from web.cli.opening import DataOption, settings_of
from web.cli.output import JsonOption, emit_json, say


def migrate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Bring the store to the schema of this version; once before the first start, and after each upgrade.

    Nothing else changes a PostgreSQL database's tables. Data folders are brought up to date by whatever opens them.
    """
    done = migrated(settings_of(data))
    if as_json:
        emit_json({"store": done.name, "before": done.before, "now": done.now})
    elif done.before == done.now:
        say(f"{done.name}: has schema {done.now} already.")
    else:
        say(f"{done.name}: schema {done.before or 'none'} is now {done.now}.")
