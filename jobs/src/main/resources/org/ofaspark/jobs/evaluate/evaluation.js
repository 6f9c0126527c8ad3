
const input = document.querySelector('input');
const output = document.querySelector('output');
const cards = [...document.querySelectorAll('article')];
const texts = cards.map(card => card.textContent.toLowerCase());
const pictures = JSON.parse(document.getElementById('pictures').textContent);

const sight = new IntersectionObserver(entries => {
  for (const entry of entries.filter(entry => entry.isIntersecting)) {
    const image = entry.target.querySelector('img');
    image.src = pictures[image.dataset.picture];
    sight.unobserve(entry.target);
  }
}, { rootMargin: '100%' });
cards.forEach(card => sight.observe(card));

function filter() {
  const wanted = input.value.toLowerCase().split(/\s+/).filter(word => word);
  let shown = 0;
  cards.forEach((card, i) => {
    card.hidden = !wanted.every(word => texts[i].includes(word));
    shown += card.hidden ? 0 : 1;
  });
  output.textContent = shown === cards.length ? `${shown} shown` : `${shown} of ${cards.length} shown`;
}

input.addEventListener('input', filter);
filter();
