element.addEventListener('click', event => {
  if (event.target.tagName !== 'IMG') return;
  const box = event.target.getBoundingClientRect();
  trigger('click', {x: (event.clientX - box.x) / box.width,
                    y: (event.clientY - box.y) / box.height});
});
