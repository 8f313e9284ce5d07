// Deciding: what was decided here is kept in the browser, item by item; of it and of what the state says, the newer holds.
const job = document.body.dataset.job;
const shelf = (() => {
  try {
    localStorage.setItem("sora-batch", "1");
    return localStorage;
  } catch {
    return null;
  }
})();
const PREFIX = `sora-batch/${job}/`;
const NAME = "sora-batch:name";
let named_ = shelf?.getItem(NAME) ?? document.body.dataset.person ?? "";

const parsed = (text) => {
  try {
    const own = JSON.parse(text);
    return own && typeof own.decision === "string" && !Number.isNaN(Date.parse(own.at)) ? own : null;
  } catch {
    return null;
  }
};
const newer = (own, state) => own && (!state || Date.parse(own.at) > Date.parse(state.at));
const decisionOf = (item) => (newer(item.own, item.stated) ? item.own : item.stated);
// Asked of every card at every turn, so it is kept.
const judgementOf = (item) => {
  if (item.judged === undefined) {
    const { decision } = decisionOf(item) ?? {};
    item.judged = decision && decision !== "open" ? decision : "none";
  }
  return item.judged;
};
const noteOf = (item) => decisionOf(item)?.note ?? "";

let latest = 0;
const present = () => {
  // Two decisions on one item within a millisecond still have an order.
  latest = Math.max(Date.now(), latest + 1);
  return new Date(latest).toISOString();
};
let storable = Boolean(shelf);
const keep = (item, own) => {
  item.own = own;
  item.judged = undefined;
  try {
    if (own) shelf?.setItem(PREFIX + item.key, JSON.stringify(own));
    else shelf?.removeItem(PREFIX + item.key);
  } catch {
    storable = false;
  }
};
const load = () => {
  if (!shelf) return;
  for (let at = 0; at < shelf.length; at += 1) {
    const name = shelf.key(at);
    const item = name.startsWith(PREFIX) && byKey.get(name.slice(PREFIX.length));
    if (item) item.own = parsed(shelf.getItem(name));
  }
};

// Cards: the buttons, and in words what was decided.
const WORDS = { approve: "Approved", reject: "Rejected", redo: "To be made once more", open: "Not decided" };
// One for all: to make it takes longer than to use it a thousand times.
const clock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const moment = (at) => clock.format(new Date(at));
const wordsOn = (item) => {
  const told = decisionOf(item);
  if (!told) return "";
  if (told.decision === "open") return told.note ? `Note: ${told.note}` : "";
  const who = told.by ? ` by ${told.by}` : "";
  const changed = told.decision === "redo" ? (told.prompt ? ", with a new prompt" : ", same words") : "";
  return `${WORDS[told.decision]}${changed}${who}, ${moment(told.at)}${told.note ? `: ${told.note}` : ""}`;
};
const paintBar = (bar, item) => {
  const judgement = judgementOf(item);
  for (const button of findAll("[aria-pressed]", bar)) {
    const { do: does } = button.dataset;
    button.setAttribute("aria-pressed", String(does === "note" ? Boolean(noteOf(item)) : does === judgement));
  }
  const line = find(".decided", bar);
  line.textContent = wordsOn(item);
  const refused = item.own?.refused;
  if (refused) line.append(Object.assign(document.createElement("b"), { textContent: ` Not taken: ${refused}` }));
  line.hidden = !line.textContent;
};
const paint = (item) => {
  if (!item.card) return;
  const judgement = judgementOf(item);
  if (judgement === "none") delete item.card.dataset.decided;
  else item.card.dataset.decided = judgement;
  if (item.bar) paintBar(item.bar, item);
};
const paintAll = (list) => {
  // Those that can be seen at once, the others when there is time.
  list.filter((item) => item.bar).forEach(paint);
  const rest = list.filter((item) => !item.bar);
  inSlices("paint", () => {
    rest.splice(-LATER).forEach(paint);
    return rest.length > 0;
  });
};
const newBar = (item, without = "") => {
  const bar = find("#deciding").content.firstElementChild.cloneNode(true);
  bar.setAttribute("aria-label", `Decide on ${item.sku}`);
  if (without) findAll(without, bar).forEach((button) => button.remove());
  paintBar(bar, item);
  return bar;
};
equipping.push((item) => {
  if (!item.clip || item.bar) return;
  item.bar = newBar(item);
  paint(item);
  find(".words", item.card).before(item.bar);
});

// Each act can be taken back, many clips at once as well.
const acts = [];
const afterDeciding = (changed) => {
  paintAll(changed);
  update();
  tell();
  send();
};
const act = (list, change, words) => {
  const at = present();
  acts.push({ words, before: list.map((item) => [item, item.own]) });
  for (const item of list) {
    const told = decisionOf(item);
    const again = Boolean(item.own?.told || item.own?.again);
    keep(item, { prompt: "", note: told?.note ?? "", by: named_, at, ...change(item, told), ...(again && { again }) });
  }
  afterDeciding(list);
  say(words, { undo: true });
};
const decide = (item, decision, extra = {}) => {
  act([item], () => ({ decision, ...extra }), `${item.sku}: ${WORDS[decision].toLowerCase()}`);
};
const undo = () => {
  const last = acts.pop();
  if (!last) return null;
  for (const [item, before] of last.before) {
    const told = item.own?.told || item.own?.again;
    const prior = newer(before, item.stated) ? before : item.stated;
    // What has left the browser cannot be forgotten: it is decided anew, as it was.
    if (told) keep(item, { decision: "open", prompt: "", note: "", ...prior, by: named_, at: present(), again: true, told: false, refused: "" });
    else keep(item, before);
  }
  afterDeciding(last.before.map(([item]) => item));
  say(`Taken back: ${last.words}`);
  return last.before.length === 1 ? last.before[0][0] : null;
};
// Pressed once more, a decision is taken back.
const toggle = (item, decision) => {
  if (!item.clip) return say(`${item.sku} has no clip to decide on`);
  const pressed = judgementOf(item) === decision;
  decide(item, pressed ? "open" : decision);
  return !pressed;
};

// Dialogs.
const open_ = (name, item) => {
  const dialog = find(`dialog#${name}`);
  dialog.item = item;
  const about = find(".about", dialog);
  if (about && item) about.textContent = [find(".title", item.card)?.textContent, item.sku].filter(Boolean).join(" · ");
  return dialog;
};
const askRedo = (item) => {
  if (!item.clip) return say(`${item.sku} has no clip to make once more`);
  const dialog = open_("redo", item);
  const { prompt, note } = find("form", dialog).elements;
  const told = decisionOf(item);
  const whole = !("cut" in item.card.dataset);
  dialog.askedBefore = whole ? promptOf(item) : "";
  prompt.value = (told?.decision === "redo" && told.prompt) || dialog.askedBefore;
  note.value = noteOf(item);
  find(".hint", dialog).textContent = whole
    ? `Left as it is, the same words are asked for once more. A take costs ${item.card.dataset.again}.`
    : `The prompt is too long for this page. Left empty, the same words are asked for once more. A take costs ${item.card.dataset.again}.`;
  dialog.showModal();
  prompt.setSelectionRange(prompt.value.length, prompt.value.length);
  return true;
};
const askNote = (item) => {
  if (!item.clip) return say(`${item.sku} has no clip to say something of`);
  const dialog = open_("note", item);
  find("textarea", dialog).value = noteOf(item);
  dialog.showModal();
  return true;
};
const candidates = () => {
  const { score, flagged } = find("#bulk form").elements;
  const least = score.value === "" ? NaN : Number(score.value);
  const open = items.filter((item) => item.seen && item.clip && judgementOf(item) === "none");
  const high = open.filter((item) => item.score !== null && item.score >= least);
  return { open, high, chosen: flagged.checked ? high : high.filter((item) => !item.flagged), least };
};
const recountBulk = () => {
  const { open, high, chosen, least } = candidates();
  const dialog = find("#bulk");
  find("input[type=range]", dialog).value = Number.isNaN(least) ? 0 : least;
  const left = high.length - chosen.length;
  find(".many", dialog).value = `${plural(chosen.length, "clip")} of ${number(open.length)} not decided${left ? `; ${plural(left, "flagged clip")} left out` : ""}`;
  const button = find(".ends .strong", dialog);
  button.textContent = `Approve ${plural(chosen.length, "clip")}`;
  button.disabled = !chosen.length;
};
const askBulk = () => {
  recountBulk();
  find("#bulk").showModal();
};
const askName = (then = null) => {
  const dialog = find("#who");
  dialog.then = then;
  find("input", dialog).value = named_;
  dialog.showModal();
};
const submitted = {
  redo: (dialog, { prompt, note }) => {
    const text = prompt.value.trim() === dialog.askedBefore.trim() ? "" : prompt.value.trim();
    decide(dialog.item, "redo", { prompt: text, note: note.value.trim() });
  },
  note: (dialog, { note }) => {
    const told = decisionOf(dialog.item);
    const words = note.value.trim();
    if (words === (told?.note ?? "")) return;
    const kept = { decision: told?.decision ?? "open", prompt: told?.prompt ?? "", note: words };
    act([dialog.item], () => kept, `${dialog.item.sku}: note kept${kept.decision === "open" ? " until it is decided" : ""}`);
  },
  bulk: () => {
    const { chosen, least } = candidates();
    if (chosen.length) act(chosen, () => ({ decision: "approve" }), `${plural(chosen.length, "clip")} with a score of ${least} or more approved`);
  },
  who: (dialog, { by }) => {
    named_ = by.value.trim();
    try {
      shelf?.setItem(NAME, named_);
    } catch {
      storable = false;
    }
    tell();
    dialog.then?.();
    send();
  },
};
const startDialogs = () => {
  for (const [name, does] of Object.entries(submitted)) {
    const dialog = find(`dialog#${name}`);
    find("form", dialog).addEventListener("submit", (event) => {
      event.preventDefault();
      dialog.close();
      does(dialog, event.target.elements);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("form", dialog).requestSubmit();
    });
  }
  const { score, flagged } = find("#bulk form").elements;
  score.addEventListener("input", recountBulk);
  flagged.addEventListener("input", recountBulk);
  find("#bulk input[type=range]").addEventListener("input", (event) => {
    score.value = event.target.value;
    recountBulk();
  });
  // A press beside a dialog closes it.
  findAll("dialog").forEach((dialog) => dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close()));
};
