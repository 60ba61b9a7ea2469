"""The tables behind a verdict, to be downloaded: CSV for spreadsheets, JSON for programs, a stream of units."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse

from models.errors import NotFound
from streams.experiment_tables import UNITS, as_csv, table, tables, unit_lines
from web.house import HouseOf

router = APIRouter()
CSV = "text/csv; charset=utf-8"


@router.get("/v1/experiments/{experiment_id}/tables")
def list_tables(house: HouseOf, experiment_id: str) -> JSONResponse:
    """Return every table behind the verdict, or behind what may be said so far, but for the units."""
    experiment = house.store.experiments.get(experiment_id).experiment
    found = tables(house.experiment_evaluator, experiment, house.now())
    return JSONResponse({name: sheet.objects() for name, sheet in found.items()})


@router.get("/v1/experiments/{experiment_id}/tables/{name}")
def download_table(house: HouseOf, experiment_id: str, name: str) -> Response:
    """Return one table: ``NAME.csv`` or ``NAME.json``; ``units.csv`` has one row a unit."""
    plain, _, ending = name.rpartition(".")
    experiment = house.store.experiments.get(experiment_id).experiment
    if (plain, ending) == (UNITS, "csv"):
        return StreamingResponse(unit_lines(house.store, experiment_id), media_type=CSV, headers=_saved(name))
    if ending not in {"csv", "json"}:
        raise NotFound(f"table {name!r}: there is none; ask for NAME.csv or NAME.json")
    sheet = table(tables(house.experiment_evaluator, experiment, house.now()), plain)
    if ending == "json":
        return JSONResponse(sheet.objects())
    return Response(as_csv(sheet), media_type=CSV, headers=_saved(name))


def _saved(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
