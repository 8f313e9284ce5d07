// Comparing: all takes of a clip side by side, with what their prompts do not have in common marked.
const marked = (before, after) => {
  const [a, b] = [before, after].map((text) => text.split(/(?<=\s)/));
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i][j] = a[i].trim() === b[j].trim() ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const parts = [];
  const put = (kind, word) => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.text += word;
    else parts.push({ kind, text: word });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i].trim() === b[j].trim()) {
      put("", b[j]);
      i += 1;
      j += 1;
    } else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) {
      put("del", a[i]);
      i += 1;
    } else {
      put("ins", b[j]);
      j += 1;
    }
  }
  return parts.map(({ kind, text }) => (kind ? Object.assign(document.createElement(kind), { textContent: text }) : text));
};
const LONGEST = 6_000;
const compare = (item) => {
  const takes = findAll(".earlier .take", item.card);
  if (!takes.length) return say(`${item.sku} has no earlier take`);
  const dialog = open_("compare", item);
  const texts = takes.map((take) => find(".prompt", take).textContent);
  find(".side", dialog).replaceChildren(...takes.map((take, index) => {
    const copy = take.cloneNode(true);
    const one = byKey.get(take.dataset.key);
    const [before, after] = [texts[index - 1], texts[index]];
    if (index && before === after) find(".prompt", copy).append(Object.assign(document.createElement("i"), { textContent: " (same words)" }));
    else if (index && before.length + after.length < 2 * LONGEST) find(".prompt", copy).replaceChildren(...marked(before, after));
    if (one.clip) {
      const bar = newBar(one, "[data-do=redo], [data-do=note]");
      bar.take = one;
      copy.append(bar);
    }
    return copy;
  }));
  dialog.showModal();
  find(".side", dialog).querySelectorAll("a.play").forEach(film);
  return true;
};
const together = (dialog) => {
  const all = findAll(".side a.play:not([hidden])", dialog).map(film);
  const playing = all.some(({ video }) => !video.paused);
  for (const made of all) {
    if (playing) made.video.pause();
    else {
      if (made.video.readyState) made.video.currentTime = 0;
      made.play();
    }
  }
};
equipping.push((item) => {
  const button = find("[data-do=compare]", item.card);
  if (!button?.hidden) return;
  button.hidden = false;
  find(".earlier", item.card).hidden = true;
});
