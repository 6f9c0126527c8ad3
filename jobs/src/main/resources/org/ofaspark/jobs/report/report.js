
// One pointer for all charts: each says what its lines are at the update below it.
const { charts, last } = JSON.parse(document.getElementById('charts').textContent);
const figures = [...document.querySelectorAll('figure')];

function said(value) {
  const size = Math.abs(value);
  return size > 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : String(+value.toPrecision(4));
}

function nearest(points, update) {
  return points.reduce((best, point) =>
    Math.abs(point.update - update) < Math.abs(best.update - update) ? point : best);
}

function show(update) {
  figures.forEach((figure, i) => {
    const { left, right } = figure.querySelector('svg').dataset;
    const cursor = figure.querySelector('.cursor');
    const x = +left + update / last * (right - left);
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    cursor.setAttribute('visibility', 'visible');
    figure.querySelectorAll('output').forEach((output, line) => {
      const point = nearest(charts[i][line].points, update);
      output.textContent = `${said(point.value)} at ${point.update}`;
    });
  });
}

function hide() {
  for (const figure of figures) {
    figure.querySelector('.cursor').setAttribute('visibility', 'hidden');
    figure.querySelectorAll('output').forEach(output => { output.textContent = ''; });
  }
}

for (const figure of figures) {
  const svg = figure.querySelector('svg');
  const { left, right } = svg.dataset;
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    show(Math.min(last, Math.max(0, (x - left) / (right - left) * last)));
  });
  svg.addEventListener('pointerleave', hide);
}
