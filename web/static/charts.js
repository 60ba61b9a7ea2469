// Draws every element that names a series (data-series) with uPlot: points over time, 0 to 100, in the page's colours.
"use strict";

async function draw(place) {
  const answer = await fetch(place.dataset.series);
  if (!answer.ok) return;
  const series = await answer.json();
  place.replaceChildren();
  const enough = series.times.length > 1;
  place.classList.toggle("chart", enough);
  if (!enough) {
    place.textContent = "Not enough data for a line yet.";
    return;
  }
  const ink = getComputedStyle(document.body).color;
  const axis = { stroke: ink, grid: { stroke: "rgba(128,128,128,.2)" }, ticks: { stroke: "rgba(128,128,128,.3)" } };
  const options = {
    width: place.clientWidth, height: 220,
    scales: { y: { range: [0, 100] } },
    axes: [axis, axis],
    series: [{}, { label: "score", stroke: "#0d8a93", width: 2, spanGaps: false }],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
  };
  new uPlot(options, [series.times, series.values], place);
}

function drawAll() {
  document.querySelectorAll("[data-series]").forEach(draw);
}

let due = null;
function drawSoon(milliseconds) {
  due ??= setTimeout(() => { due = null; drawAll(); }, milliseconds);
}

addEventListener("DOMContentLoaded", () => {
  drawAll();
  document.body.addEventListener("htmx:sseMessage", () => drawSoon(5000));
  addEventListener("resize", () => drawSoon(200));
});
