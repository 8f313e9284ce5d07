// Saving: as a file from a page on disk, in small batches to the server that gave the page.
const SERVED = document.body.dataset.served ?? "";
const BATCH = 100;
const COLUMNS = ["key", "sku", "decision", "prompt", "note", "by", "at"];
const deciders = () => [...byKey.values()];

// A decision taken back before anybody heard of it is nothing to tell; nor is a note without a decision.
const worth = (item) =>
  item.own && newer(item.own, item.stated) && (item.own.decision !== "open" || item.own.again || (item.stated && item.stated.decision !== "open"));
const unsaved = () => deciders().filter((item) => worth(item) && !item.own.told && !item.own.refused);
const row = (item) => ({ ...item.own, key: item.key, sku: item.sku, by: item.own.by || named_ });
const mark = (list, change) => {
  for (const [item, at] of list) {
    // What was decided anew meanwhile is still to be saved.
    if (item.own?.at === at) keep(item, { ...item.own, ...change(item) });
  }
};

// RFC 4180, with the mark by which a spreadsheet knows UTF-8; no text becomes a formula in it: who reads the file back
// takes the apostrophe off.
const FORMULA = /^(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/;
const guarded = (text) => (FORMULA.test(text) ? `'${text}` : text);
const cell = (text) => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const asCsv = (rows) => {
  const lines = [COLUMNS, ...rows.map((each) => COLUMNS.map((name) => guarded(each[name] ?? "")))];
  return `\ufeff${lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("")}`;
};
const download = () => {
  const all = deciders().filter(worth);
  if (!all.length) return say("Nothing is decided yet");
  if (!named_ && all.some((item) => !item.own.by)) return askName(download);
  mark(all.map((item) => [item, item.own.at]), (item) => ({ by: item.own.by || named_ }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([asCsv(all.map(row))], { type: "text/csv;charset=utf-8" }));
  link.download = "decisions.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  mark(all.map((item) => [item, item.own.at]), () => ({ told: true }));
  tell();
  return say(`${plural(all.length, "decision")} saved in decisions.csv`);
};

// Sending: at most one batch is on its way; what does not arrive is kept and tried again.
let sending = false;
let waiting = "";
let timer = 0;
let pause = 2;
const later = (reason) => {
  waiting = `${reason}; trying again in ${pause} s`;
  timer = setTimeout(send, pause * 1000);
  pause = Math.min(pause * 2, 60);
};
const answered = (batch, { refused = [] }) => {
  const reasons = new Map(refused.map(({ key, reason }) => [key, String(reason)]));
  mark(batch, (item) => (reasons.has(item.key) ? { refused: reasons.get(item.key) || "no reason given" } : { told: true }));
  batch.forEach(([item]) => paint(item));
  if (reasons.size) say(`${plural(reasons.size, "decision")} not taken: ${[...reasons.values()][0]}`);
};
const post = async (batch) => {
  const decisions = batch.map(([item]) => row(item)).map((each) => Object.fromEntries(COLUMNS.map((name) => [name, each[name] ?? ""])));
  const answer = await fetch(SERVED, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ decisions }),
  });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return answered(batch, told);
  throw new Error(told.reason || `the server answers ${answer.status}`);
};
const flush = async () => {
  const batch = unsaved().slice(0, BATCH).map((item) => [item, item.own.at]);
  if (!batch.length) return;
  sending = true;
  tell();
  try {
    await post(batch);
    [waiting, pause] = ["", 2];
    sending = false;
    send();
  } catch (problem) {
    sending = false;
    later(problem instanceof TypeError ? "the server cannot be reached" : problem.message);
  }
  tell();
};
// Waits a moment, so that what is decided in a row goes together.
const send = () => {
  if (!SERVED || sending || !named_) return;
  clearTimeout(timer);
  timer = setTimeout(flush, 300);
};
const save = () => {
  if (!SERVED) return download();
  if (!named_) return askName();
  // Refused ones are offered again too: the reason may be gone.
  deciders().filter((item) => item.own?.refused).forEach((item) => keep(item, { ...item.own, refused: "" }));
  waiting = "";
  return send();
};

// The desk: how far it is, and whether it is safe.
const keepingWords = () => {
  const left = unsaved().length;
  const refused = deciders().filter((item) => item.own?.refused && newer(item.own, item.stated)).length;
  const not = refused ? `${number(refused)} not taken. ` : "";
  if (!storable && left) return ["warn", "This browser keeps nothing: save before you leave"];
  if (SERVED && left && !named_) return ["warn", `${plural(left, "decision")} waiting for your name`];
  if (SERVED && waiting) return ["warn", `${not}${plural(left, "decision")} waiting: ${waiting}`];
  if (SERVED && left) return ["", `${not}Saving ${plural(left, "decision")}…`];
  if (SERVED && refused) return ["warn", `${not}All else is saved`];
  if (SERVED) return ["good", acts.length ? "Everything is saved" : "Decisions are saved as you make them"];
  if (left) return ["", `${plural(left, "decision")} only in this browser`];
  return deciders().some((item) => item.own?.told && worth(item)) ? ["good", "All in decisions.csv"] : ["", "Kept in this browser"];
};
if (SERVED && desk) find("[data-do=save] .wordy", desk).textContent = "now";
const tell = () => {
  if (!desk) return;
  const all = items.filter((item) => item.clip);
  const done = all.filter((item) => judgementOf(item) !== "none");
  const share = (name) => done.filter((item) => judgementOf(item) === name).length;
  const parts = [["approve", "approved"], ["reject", "rejected"], ["redo", "to redo"]];
  find(".count", desk).textContent = [`${number(done.length)} of ${number(all.length)} decided`]
    .concat(parts.map(([name, words]) => (share(name) ? `${number(share(name))} ${words}` : "")).filter(Boolean)).join(" · ");
  find(".track i", desk).style.width = `${all.length ? (100 * done.length) / all.length : 0}%`;
  const [tone, words] = keepingWords();
  const line = find(".keeping", desk);
  line.dataset.tone = tone;
  line.textContent = words;
  find("[data-do=who]", desk).textContent = named_ ? named_ : "Your name…";
  find("[data-do=who]", desk).setAttribute("aria-label", named_ ? `Decided by ${named_}: change the name` : "Your name");
  find("[data-do=undo]", desk).disabled = !acts.length;
};
addEventListener("beforeunload", (event) => {
  if (!storable && unsaved().length) event.preventDefault();
});
