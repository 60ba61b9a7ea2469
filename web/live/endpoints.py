"""The stream that pages listen to, and the line in their header."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from web.house import HouseOf
from web.live.feed import Feed
from web.live.lag import behind
from web.pages.rendering import page

router = APIRouter()


@router.get("/live")
async def stream(request: Request) -> StreamingResponse:
    """Send ``changed`` whenever events were folded."""
    feed = request.app.state.feed
    assert isinstance(feed, Feed)  # noqa: S101 - set once, by the application's maker
    return StreamingResponse(feed.words(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.get("/live/state", response_class=HTMLResponse)
def show_state(request: Request, house: HouseOf) -> HTMLResponse:
    """Return the line that says how much was received and how far behind the engine is."""
    counters = house.store.partitions.counters()
    return page(request, "parts/state.html", counters=counters, behind=behind(house))
