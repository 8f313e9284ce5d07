// Finding: one status, one decision, one channel, one category at a time, and every word that was typed.
const filter = { show: "all", decided: "", channel: "", category: "", words: [] };
let order = items;

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const textOf = (item) => {
  item.text ??= fold(findAll(".title, .sku, .prompt, .rest, .warning, .why", item.card).map((part) => part.textContent).join("\n"));
  return item.text;
};
const shows = (item, show) => show === "all" || item.status === show || (show === "warned" && item.flagged);
const decidedAs = (item, decided) => item.clip && judgementOf(item) === decided;
const fits = (item) =>
  shows(item, filter.show)
  && (!filter.decided || decidedAs(item, filter.decided))
  && (!filter.channel || item.channels.includes(filter.channel))
  && (!filter.category || item.category === filter.category)
  && filter.words.every((word) => textOf(item).includes(word));

const chips = tools ? findAll(".chip", tools) : [];
const recount = () => {
  for (const chip of chips) {
    const { show, decided } = chip.dataset;
    const count = items.filter((item) => (show ? shows(item, show) : decidedAs(item, decided))).length;
    find("b", chip).textContent = number(count);
    const pressed = show ? filter.show === show : filter.decided === decided;
    chip.hidden = !count && !pressed && show !== "all";
    chip.setAttribute("aria-pressed", String(pressed));
  }
};
// Of two thousand cards only a few screens full take part in the page, and more of them as their end comes near: what
// is hidden costs the browser nothing. Without this script all are shown.
const FEW = 18;
const MORE = 2;
let most = FEW;
let shown = items;
const move = (card, place) => {
  // Where it is known, this leaves focus and playing clips alone.
  if (grid.moveBefore) grid.moveBefore(card, place);
  else grid.insertBefore(card, place);
};
// Who watches the end is told where it comes near, and where it is near when they begin: not that it still is. So they
// begin anew with every other set of cards.
const end = document.createElement("div");
const nearTheEnd = new IntersectionObserver((entries) => {
  if (entries.at(-1).isIntersecting && shown.length === most) showAtLeast(most + MORE);
}, { rootMargin: "150% 0px" });
const watchTheEnd = () => {
  nearTheEnd.unobserve(end);
  nearTheEnd.observe(end);
};
const show = () => {
  const wanted = [];
  for (const item of order) {
    if (wanted.length === most) break;
    if (item.seen) wanted.push(item);
  }
  const stays = new Set(wanted);
  shown.forEach((item) => { if (!stays.has(item)) item.card.hidden = true; });
  let before = null;
  for (const { card } of wanted) {
    const follows = !before || before.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (!follows) move(card, before.nextElementSibling);
    card.hidden = false;
    before = card;
  }
  shown = wanted;
  watchTheEnd();
};
const showAtLeast = (count) => {
  if (count <= most) return;
  most = count;
  show();
};
const update = () => {
  if (!tools) return;
  let count = 0;
  for (const item of items) {
    item.seen = fits(item);
    count += item.seen ? 1 : 0;
  }
  show();
  find(".found", tools).value = count === items.length ? "" : `${number(count)} of ${number(items.length)} shown`;
  find(".nothing").hidden = count > 0;
  recount();
};
const filtered = () => {
  most = FEW;
  update();
};

// Sorting: the cards that are shown move where they belong.
const inSkuOrder = new Intl.Collator("en", { numeric: true }).compare;
const sorts = {
  page: (a, b) => a.index - b.index,
  manifest: (a, b) => (a.line === b.line ? 0 : a.line - b.line),
  score: (a, b) => (a.score ?? 101) - (b.score ?? 101),
  sku: (a, b) => inSkuOrder(a.sku, b.sku),
  cost: (a, b) => b.cost - a.cost,
};
const sort = (name) => {
  order = [...items].sort((a, b) => sorts[name](a, b) || a.index - b.index);
  most = FEW;
  show();
  tools.scrollIntoView({ block: "start" });
};

const options = (select, values) => {
  for (const [value, words] of values) {
    const option = document.createElement("option");
    option.value = value;
    option.textContent = words;
    select.append(option);
  }
  select.closest(".choice").hidden = !values.length;
};
const counted = (values) => {
  const counts = new Map();
  values.forEach((value) => counts.set(value, (counts.get(value) ?? 0) + 1));
  return [...counts];
};
const verdicts = { met: "suits", disputed: "in doubt for", missed: "does not suit" };
const reset = () => {
  Object.assign(filter, { show: "all", decided: "", channel: "", category: "", words: [] });
  find("input", tools).value = "";
  findAll("select[name=channel], select[name=category]", tools).forEach((select) => { select.value = ""; });
  filtered();
  find("input", tools).focus();
};

// What is searched is read from the cards while nothing else is to be done.
const readAhead = (at = 0) => {
  if (at >= items.length) return;
  (window.requestIdleCallback ?? setTimeout)(() => {
    items.slice(at, at + 20).forEach(textOf);
    readAhead(at + 20);
  });
};

const startFinding = () => {
  const box = find("input", tools);
  const choice = (name) => find(`select[name=${name}]`, tools);
  const channels = counted(items.flatMap((item) => item.channels)).sort(([a], [b]) => inSkuOrder(a, b));
  options(choice("channel"), channels.map(([value, count]) => {
    const at = value.lastIndexOf(":");
    return [value, `${verdicts[value.slice(at + 1)]} ${value.slice(0, at)} (${number(count)})`];
  }));
  const categories = counted(items.map((item) => item.category).filter(Boolean)).sort(([a], [b]) => inSkuOrder(a, b));
  options(choice("category"), categories.map(([value, count]) => [value, `${value.slice(0, 60)} (${number(count)})`]));
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      const { show, decided } = chip.dataset;
      if (show) filter.show = filter.show === show ? "all" : show;
      else filter.decided = filter.decided === decided ? "" : decided;
      filtered();
    });
  }
  box.addEventListener("input", () => {
    filter.words = fold(box.value).split(/\s+/).filter(Boolean);
    filtered();
  });
  for (const name of ["channel", "category"]) {
    choice(name).addEventListener("change", (event) => {
      filter[name] = event.target.value;
      filtered();
    });
  }
  choice("sort").addEventListener("change", (event) => sort(event.target.value));
  tools.addEventListener("submit", (event) => event.preventDefault());
  find(".reset").addEventListener("click", reset);
  const more = find(".more-filters", tools);
  more.addEventListener("click", () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    more.setAttribute("aria-expanded", String(open));
    tools.classList.toggle("open", open);
  });
  tools.hidden = false;
  grid.after(end);
  readAhead();
};
