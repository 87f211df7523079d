/* Draws each chart out of the table beside it: what is drawn is what can be read, and a bar leads where its number does. */
"use strict";

(() => {
  /* Told apart by brightness, too: for eyes that do not tell red from green. */
  const COLOURS = ["#0e6470", "#e3a73c", "#86b9cf", "#a8503a", "#4a4f7c", "#b9c2a2", "#6f7f83"];
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const grid = { color: "#e6ecee" };
  const whole = { precision: 0 };

  Chart.defaults.font.family = getComputedStyle(document.documentElement).fontFamily;
  Chart.defaults.font.size = 12;
  Chart.defaults.color = "#44565b";
  Chart.defaults.animation.duration = still ? 0 : 250;
  Chart.defaults.maintainAspectRatio = false;

  function read(table) {
    const rows = [...table.tBodies[0].rows];
    return {
      heads: [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim()),
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      column: (at) => rows.map((row) => Number(row.cells[at].textContent)),
      link: (row, at) => rows[row].cells[at].querySelector("a"),
    };
  }

  function series(data, at, label, colour) {
    return { label, data: data.column(at), backgroundColor: colour, borderWidth: 0, maxBarThickness: 34, column: at };
  }

  const kinds = {
    /* Oldest on the left, though the table has the newest on top; the last column is the sum of the others. */
    days(data) {
      const count = data.labels.length;
      const datasets = data.heads.slice(1, -1).map((name, at) => series(data, at + 1, name, COLOURS[at % COLOURS.length]));
      datasets.forEach((one) => one.data.reverse());
      return {
        type: "bar",
        row: (at) => count - 1 - at,
        data: { labels: data.labels.map((day) => day.slice(5)).reverse(), datasets },
        options: {
          scales: { x: { stacked: true, grid: { display: false } }, y: { stacked: true, ticks: whole, grid } },
          plugins: { legend: { position: "bottom", labels: { boxWidth: 12, boxHeight: 12 } }, tooltip: { mode: "index" } },
        },
      };
    },
    hours(data) {
      return {
        type: "bar",
        row: (at) => at,
        data: { labels: data.labels.map((hour) => hour.slice(0, 2)), datasets: [series(data, 1, data.heads[1], COLOURS[0])] },
        options: { scales: { x: { grid: { display: false } }, y: { ticks: whole, grid } }, plugins: { legend: { display: false } } },
      };
    },
    parts(data) {
      return {
        type: "bar",
        row: (at) => at,
        data: { labels: data.labels.map((name) => name.replace(/（.*/, "")), datasets: [series(data, 1, data.heads[1], COLOURS[0])] },
        options: {
          indexAxis: "y",
          scales: { x: { ticks: whole, grid }, y: { grid: { display: false } } },
          plugins: { legend: { display: false } },
        },
      };
    },
  };

  document.querySelectorAll("canvas[data-chart]").forEach((canvas) => {
    const data = read(document.getElementById(canvas.dataset.table));
    const { row, ...drawn } = kinds[canvas.dataset.chart](data);
    drawn.options.onClick = (_, [at], chart) => {
      const link = at && data.link(row(at.index), chart.data.datasets[at.datasetIndex].column);
      if (link) window.location.assign(link.href);
    };
    drawn.options.onHover = (event, found) => { canvas.style.cursor = found.length ? "pointer" : "default"; };
    new Chart(canvas, drawn);
  });
})();
