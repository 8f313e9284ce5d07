// What all parts share: the items behind the cards, and the elements around them. All text of items comes from
// elsewhere: it is only ever put into textContent, value or an attribute, never read as markup.
const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
const grid = find(".grid");
const tools = find(".tools");
const desk = find(".desk");

const listed = (text = "") => text.split(" ").filter(Boolean);
const stated = ({ decision, prompt = "", note = "", by = "", at }) =>
  decision ? { decision, prompt, note, by, at: new Date(Number(at) * 1000).toISOString() } : null;

// An item has a card; a take in whose place another was made has none, but can be decided on in the comparison.
const items = findAll(".card").map((card, index) => ({
  card,
  index,
  key: card.dataset.key,
  sku: card.dataset.sku,
  status: card.dataset.status,
  line: Number(card.dataset.line) || Infinity,
  score: "score" in card.dataset ? Number(card.dataset.score) : null,
  cost: Number(card.dataset.cost),
  category: card.dataset.category ?? "",
  channels: listed(card.dataset.channels),
  flagged: "warned" in card.dataset,
  clip: "clip" in card.dataset,
  stated: stated(card.dataset),
  own: null,
  seen: true,
  text: null,
}));
const byCard = new Map(items.map((item) => [item.card, item]));
const byKey = new Map(items.map((item) => [item.key, item]));
for (const { dataset } of findAll(".take")) {
  if (!byKey.has(dataset.key)) {
    byKey.set(dataset.key, { card: null, key: dataset.key, sku: dataset.sku, clip: "clip" in dataset, stated: stated(dataset), own: null });
  }
}

// Work on many cards in slices: a few at once, which are before the eyes, the rest frame by frame, so that the page
// never stands still. What is begun anew under the same name ends what was begun before.
const FIRST = 6;
const FIRST_FRAMES = 4;
const LATER = 100;
const begun = new Map();
const inSlices = (name, work, finish = () => {}) => {
  const mine = (begun.get(name) ?? 0) + 1;
  begun.set(name, mine);
  let frame = 0;
  const slice = () => {
    if (begun.get(name) !== mine) return;
    const more = work(frame < FIRST_FRAMES ? FIRST : LATER);
    frame += 1;
    if (more) requestAnimationFrame(slice);
    else finish();
  };
  slice();
};

const itemAt = (element) => byCard.get(element?.closest?.(".card"));
const promptOf = (item) => {
  const shown = find(".prompt > span", item.card).firstChild;
  return (shown?.nodeType === Node.TEXT_NODE ? shown.data : "") + (find(".rest", item.card)?.textContent ?? "");
};
const number = (count) => count.toLocaleString("en");
const plural = (count, one) => `${number(count)} ${one}${count === 1 ? "" : "s"}`;

const live = find(".live");
const toast = find(".toast");
let toastEnds = 0;
// Says what happened, aloud and for a while on the screen.
const say = (words, { undo = false } = {}) => {
  if (!live) return;
  live.value = "";
  requestAnimationFrame(() => { live.value = words; });
  find("p", toast).textContent = words;
  find("button", toast).hidden = !undo;
  toast.hidden = false;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => { toast.hidden = true; }, undo ? 8000 : 4000);
};
