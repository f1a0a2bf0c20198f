(function () {
  'use strict';
  const STEP = 200;
  const root = document.getElementById('image-table');
  const columns = JSON.parse(document.getElementById('image-data').textContent);
  const size = columns[0].values.length;
  const form = root.querySelector('form');
  const body = root.querySelector('tbody');
  const more = root.querySelector('.more');
  const texts = columns.filter(column => column.kind === 'text');
  const searched = columns[0].values.map(
    (_, i) => texts.map(column => column.values[i]).join('\n').toLowerCase());
  const collator = new Intl.Collator(undefined, {numeric: true});
  let sorted = -1, direction = 1, shown = STEP;

  const field = name => form.querySelector('[data-filter=' + name + ']');
  const limit = name => {
    const input = field(name);
    return input && input.value !== '' ? Number(input.value) : null;
  };

  function matching() {
    const text = field('text').value.toLowerCase();
    const choices = [...form.querySelectorAll('[data-filter=choice]')]
      .filter(select => select.value !== '')
      .map(select => [Number(select.dataset.column), select.value]);
    const low = limit('low'), high = limit('high');
    const ranged = low === null && high === null ? -1 : Number(field('range').value);
    const found = [];
    for (let i = 0; i < size; i++) {
      if (text && !searched[i].includes(text)) continue;
      if (!choices.every(([c, value]) => String(columns[c].values[i]) === value)) continue;
      if (ranged >= 0) {
        const value = columns[ranged].values[i];
        // What has no such score lies in no range of it.
        if (value === null) continue;
        if (low !== null && value < low || high !== null && value > high) continue;
      }
      found.push(i);
    }
    return found;
  }

  function inOrder(found) {
    if (sorted < 0) return found;
    const {kind, values} = columns[sorted];
    return found.sort((a, b) => {
      const x = values[a], y = values[b];
      // Missing values stand last in either direction; ties keep the given order.
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      const order = kind === 'number' ? x - y : collator.compare(x, y);
      return order * direction || a - b;
    });
  }

  function draw() {
    const found = inOrder(matching());
    const fragment = document.createDocumentFragment();
    for (const i of found.slice(0, shown)) {
      const line = document.createElement('tr');
      columns.forEach(column => {
        const cell = document.createElement('td');
        const value = column.values[i];
        cell.className = column.kind + (column.printed ? '' : ' screen');
        if (value === null) cell.textContent = '\u2013';
        else if (column.kind !== 'number') cell.textContent = value;
        else cell.textContent = value.toFixed(column.digits);
        line.append(cell);
      });
      fragment.append(line);
    }
    body.replaceChildren(fragment);
    const n = Math.min(shown, found.length);
    root.querySelector('.count').textContent =
      (n < found.length ? 'The first ' + n + ' of ' + found.length : found.length) +
      (found.length === size ? ' images' : ' images that match, of ' + size);
    more.hidden = n >= found.length;
    more.textContent = 'Show ' + Math.min(STEP, found.length - n) + ' more';
    root.querySelectorAll('th').forEach((head, c) => head.setAttribute('aria-sort',
      c !== sorted ? 'none' : direction > 0 ? 'ascending' : 'descending'));
  }

  root.querySelector('thead').addEventListener('click', event => {
    const button = event.target.closest('button');
    if (!button) return;
    const column = Number(button.dataset.column);
    direction = column === sorted ? -direction : 1;
    sorted = column;
    draw();
  });
  form.addEventListener('input', () => { shown = STEP; draw(); });
  form.addEventListener('submit', event => event.preventDefault());
  // After the fields are empty again, which is after the event.
  form.addEventListener('reset', () => setTimeout(() => { shown = STEP; draw(); }));
  more.addEventListener('click', () => { shown += STEP; draw(); });
  draw();
})();
