// The page of `trainspec triage`. Texts of traces are hostile: they reach the page as `textContent` only.
"use strict";

const FOLD = 600; // characters from which on a text is folded
const token = location.pathname.split("/")[1];
const $ = (id) => document.getElementById(id);
const article = $("trace"), fix = $("fix"), kind = $("kind"), kinds = $("kinds"), component = $("component"), view = $("view");

let state = null, trace = null, queue = Promise.resolve(), chosen = -1, pending = null;
const seen = [], undone = [], passed = new Set();

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-Triage-Token": token },
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("the server has ended: start `trainspec triage` again; saved labels are kept");
  }
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

// One request after the other, so that quick keys cannot overtake each other.
function inTurn(work) {
  queue = queue.then(work).then(() => { $("message").textContent = ""; }, (error) => { $("message").textContent = error.message; });
  return queue;
}

function make(tag, text, ...classes) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  element.classList.add(...classes);
  return element;
}

function textBlock(text, ...classes) {
  const box = make("div");
  if (!text) {
    box.append(make("p", "(nothing)", "none"));
    return box;
  }
  const block = make("pre", text, "text", ...classes);
  block.dir = "auto";
  box.append(block);
  if (text.length > FOLD || text.split("\n").length > 8) {
    block.classList.add("folded");
    const more = make("button", `Show all ${text.length.toLocaleString("en")} characters`, "more");
    more.type = "button";
    more.setAttribute("aria-expanded", "false");
    more.addEventListener("click", () => {
      const folded = block.classList.toggle("folded");
      more.setAttribute("aria-expanded", String(!folded));
      more.textContent = folded ? `Show all ${text.length.toLocaleString("en")} characters` : "Show less";
    });
    box.append(more);
  }
  return box;
}

const time = (milliseconds) => milliseconds === null ? "" : `${Math.round(milliseconds).toLocaleString("en")} ms`;

function stepBlock(step, number) {
  const block = make("section", undefined, "step");
  block.style.marginInlineStart = `${Math.min(step.depth, 6) * 0.9}rem`;
  if (step.error) block.classList.add("failed");
  block.append(make("h3", [`${number}. ${step.component}`, step.kind, step.model, time(step.milliseconds)].filter(Boolean).join(" · ")));
  block.append(make("h4", "input"), textBlock(step.input), make("h4", "output"), textBlock(step.output));
  if (step.error) block.append(make("h4", "error"), textBlock(step.error, "error"));
  return block;
}

function showTrace() {
  article.replaceChildren();
  if (!trace) {
    article.append(make("p", view.value !== "queue" ? "There are no more traces in this view." : state.views.queue
      ? `${state.views.queue.toLocaleString("en")} traces that you passed have no label. Press n to see them again.`
      : "Every trace has a label. Write the report: trainspec triage SPEC --report"));
    if (view.value === "queue") passed.clear();
    showLabel();
    return;
  }
  const why = { random: "drawn at random", failure: "fails a check", outlier: "unlike the others" }[trace.why];
  const facts = [trace.id, trace.source, trace.started, time(trace.milliseconds), trace.model, trace.promptVersion, trace.session && `session ${trace.session}`];
  article.append(make("p", facts.filter(Boolean).join(" · "), "meta"));
  const chips = make("p");
  if (why) chips.append(make("span", why, "chip"));
  if (trace.intentShown) chips.append(make("span", `intent ${trace.intentShown}${trace.critical ? " (critical)" : ""}`, "chip"));
  for (const name of trace.failed) chips.append(make("span", `check ${name}: bad`, "chip", "error"));
  if (trace.cluster) chips.append(make("span", `cluster ${trace.cluster.name + 1}: ${trace.cluster.size} like traces`, "chip"));
  if (trace.replayOf) chips.append(make("span", `replay of ${trace.replayOf}`, "chip"));
  article.append(chips);
  if (trace.refusal) article.append(make("p", `No evidence, so it cannot be labelled: ${trace.refusal}`, "banner"));
  for (const loss of trace.losses) {
    article.append(make("p", [loss.kind, loss.step && `step ${loss.step}`, loss.detail].filter(Boolean).join(": "), "banner"));
  }
  article.append(make("h2", "Query"), textBlock(trace.query));
  article.append(make("h2", `Steps (${trace.steps.length + trace.moreSteps})`));
  trace.steps.forEach((step, index) => article.append(stepBlock(step, index + 1)));
  if (trace.moreSteps) article.append(make("p", `${trace.moreSteps} more steps are not shown`, "none"));
  article.append(make("h2", "Answer"), textBlock(trace.answer));
  if (trace.error) article.append(make("h2", "Error"), textBlock(trace.error, "error"));
  showLabel();
}

function showLabel() {
  const label = trace ? trace.label : {};
  const closed = !trace || Boolean(trace.refusal);
  for (const each of document.querySelectorAll("[data-verdict]")) each.setAttribute("aria-pressed", String(label.verdict === each.dataset.verdict));
  for (const each of document.querySelectorAll("[data-severity]")) each.setAttribute("aria-pressed", String(label.severity === each.dataset.severity));
  for (const each of document.querySelectorAll("[data-verdict], [data-severity], #fix, #copy, #kind, #component")) each.disabled = closed;
  $("critical").disabled = !trace || !trace.intent;
  $("critical").setAttribute("aria-pressed", String(Boolean(trace && trace.critical)));
  if (document.activeElement !== fix || !pending) fix.value = label.fix || "";
  kind.value = label.kind || "";
  const names = [...state.components];
  if (label.component && !names.includes(label.component)) names.push(label.component);
  component.replaceChildren(new Option("not known", ""), ...names.map((name) => new Option(name === "flow-control" ? "flow control (the agent's logic)" : name, name)));
  component.value = label.component || "";
  $("saved").textContent = label.verdict ? `Saved: ${[label.verdict, label.kind, label.component, label.severity].filter(Boolean).join(", ")}` : "";
}

function showState() {
  const { sample, unseen } = state;
  const share = (value) => `${(value * 100).toFixed(1)} %`;
  $("progress").textContent = `${state.labelled} of ${state.usable} labelled · ${state.fixed} of ${state.wanted} badcases with a fix · `
    + `next badcase of a new kind: at most ${share(unseen.bound)}` + (unseen.enough ? " – enough, you may stop" : ` (stop at ${share(unseen.limit)})`);
  const old = view.value || "queue";
  view.replaceChildren(...Object.entries(state.views).map(([name, count]) => new Option(`${name} (${count})`, name)));
  view.value = old;
  if (trace && trace.cluster) view.append(new Option(`cluster ${trace.cluster.name + 1} (${trace.cluster.size})`, `cluster-${trace.cluster.name}`));
  if (!view.value) { view.append(new Option(old, old)); view.value = old; }
  const counts = $("counts");
  counts.replaceChildren(make("h2", `Kinds in ${sample.traces} random traces, ${sample.bad} bad`));
  if (!state.groups.length) { counts.append(make("p", "No kind has a name yet.", "none")); return; }
  const table = make("table");
  const head = make("tr");
  for (const each of ["kind", "traces", "95 %", "class"]) { const cell = make("th", each); cell.scope = "col"; head.append(cell); }
  table.append(head);
  for (const each of state.groups) {
    const row = make("tr");
    for (const text of [each.name, each.count, `${Math.round(each.low * 100)} – ${Math.round(each.high * 100)} %`, each.class]) row.append(make("td", text));
    table.append(row);
  }
  counts.append(table);
  if (state.problems.length) $("message").textContent = state.problems[0];
}

async function refresh() { state = await ask("state"); showState(); }

async function load(step, digest = "") {
  const query = new URLSearchParams({ view: digest && !step ? "all" : view.value || "queue", step, digest: digest || (trace ? trace.digest : ""), passed: [...passed].slice(-500).join(",") });
  const found = await ask(`trace?${query}`);
  trace = found;
  showTrace();
  showState();
  article.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function next() {
  flush();
  return inTurn(async () => {
    if (trace) { seen.push(trace.digest); passed.add(trace.digest); }
    await load(1);
  });
}

function previous() {
  flush();
  return inTurn(async () => {
    if (view.value === "queue") { if (seen.length) await load(0, seen.pop()); } else await load(-1);
  });
}

function change(fields, then) {
  const digest = trace && trace.digest;
  if (!digest || trace.refusal) return queue;
  return inTurn(async () => {
    const done = await ask("label", { digest, fields });
    undone.push({ digest, fields: Object.fromEntries(Object.keys({ ...fields, verdict: "" }).map((name) => [name, done.before[name]])) });
    if (trace && trace.digest === digest) { trace.label = done.label; showLabel(); }
    await refresh();
    if (then) { seen.push(digest); await load(1); }
  });
}

function undo() {
  flush();
  return inTurn(async () => {
    const last = undone.pop();
    if (!last) { $("saved").textContent = "Nothing to undo"; return; }
    const done = await ask("label", last);
    passed.delete(last.digest);
    await refresh();
    if (trace && trace.digest === last.digest) { trace.label = done.label; showLabel(); } else await load(0, last.digest);
    $("saved").textContent = "Undone";
  });
}

function flush() {
  if (!pending) return;
  clearTimeout(pending);
  pending = null;
  if (trace && fix.value !== (trace.label.fix || "")) change({ fix: fix.value });
}

const slug = (text) => text.toLowerCase().replace(/[^a-z0-9\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+/g, "-").replace(/^-+/, "").slice(0, 63).replace(/-+$/, "");

function offerKinds() {
  const typed = slug(kind.value);
  const suggested = trace ? trace.suggestedKinds : [];
  const names = [...new Set([...suggested, ...state.kinds.map((each) => each.name)])];
  const fitting = names.filter((name) => name.includes(typed));
  if (typed && !names.includes(typed)) fitting.push(typed);
  kinds.replaceChildren(...fitting.slice(0, 50).map((name, index) => {
    const entry = make("li", names.includes(name) ? (suggested.includes(name) ? `${name} (like traces)` : name) : `new: ${name}`);
    entry.id = `kind-${index}`;
    entry.dataset.name = name;
    entry.setAttribute("role", "option");
    entry.addEventListener("mousedown", (event) => { event.preventDefault(); takeKind(name); });
    return entry;
  }));
  chosen = fitting.length ? 0 : -1;
  kinds.hidden = !fitting.length;
  kind.setAttribute("aria-expanded", String(!kinds.hidden));
  markKind();
}

function markKind() {
  [...kinds.children].forEach((each, index) => each.setAttribute("aria-selected", String(index === chosen)));
  const entry = kinds.children[chosen];
  if (entry) { kind.setAttribute("aria-activedescendant", entry.id); entry.scrollIntoView({ block: "nearest" }); } else kind.removeAttribute("aria-activedescendant");
}

function closeKinds() { kinds.hidden = true; kind.setAttribute("aria-expanded", "false"); kind.removeAttribute("aria-activedescendant"); }

function takeKind(name) { kind.value = name; closeKinds(); article.focus({ preventScroll: true }); change({ kind: name }); }

kind.addEventListener("focus", offerKinds);
kind.addEventListener("input", offerKinds);
kind.addEventListener("blur", () => { closeKinds(); if (trace) kind.value = trace.label.kind || ""; });
kind.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // an input method is choosing characters
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (move && kinds.children.length) {
    event.preventDefault();
    chosen = (chosen + move + kinds.children.length) % kinds.children.length;
    markKind();
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (!slug(kind.value) && trace.label.kind) { takeKind(""); return; }
    if (kinds.children[chosen]) takeKind(kinds.children[chosen].dataset.name);
  }
});

fix.addEventListener("input", () => { clearTimeout(pending); pending = setTimeout(flush, 400); });
fix.addEventListener("blur", flush);
component.addEventListener("change", () => change({ component: component.value }));
view.addEventListener("change", () => { flush(); inTurn(async () => { trace = null; passed.clear(); await load(1); }); view.blur(); });
window.addEventListener("beforeunload", flush);

function copyAnswer() { if (fix.disabled) return; fix.value = trace.answer; fix.focus(); flush(); pending = setTimeout(flush, 0); }
function markIntent() {
  if (!trace || !trace.intent) return;
  const intent = trace.intent, critical = !trace.critical;
  inTurn(async () => { await ask("intent", { intent, critical }); if (trace && trace.intent === intent) { trace.critical = critical; showTrace(); } await refresh(); });
}
function verdict(value) { if (trace && !trace.refusal) { flush(); change({ verdict: value }, value !== "bad"); } }
function severity(value) { change({ severity: trace && trace.label.severity === value ? "" : value }); }
function expandAll() { for (const each of article.querySelectorAll(".more[aria-expanded=false]")) each.click(); }
function help() { $("help").showModal(); }

for (const each of document.querySelectorAll("[data-verdict]")) each.addEventListener("click", () => verdict(each.dataset.verdict));
for (const each of document.querySelectorAll("[data-severity]")) each.addEventListener("click", () => severity(each.dataset.severity));
const actions = {
  g: () => verdict("good"), b: () => verdict("bad"), x: () => verdict("skip"), f: () => fix.focus(), a: copyAnswer,
  k: () => kind.focus(), c: () => component.focus(), 1: () => severity("low"), 2: () => severity("medium"), 3: () => severity("high"),
  i: markIntent, n: next, p: previous, u: undo, e: expandAll, "?": help, ArrowRight: next, ArrowLeft: previous,
};
for (const [id, action] of Object.entries({ copy: copyAnswer, critical: markIntent, next, previous, undo, "help-button": help })) $(id).addEventListener("click", action);
$("form").addEventListener("submit", (event) => event.preventDefault());

document.addEventListener("keydown", (event) => {
  if (event.isComposing || $("help").open) return;
  const writes = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
  if (writes) {
    if (event.key === "Escape") { event.target.blur(); article.focus({ preventScroll: true }); }
    if (event.key === "Enter" && event.ctrlKey) { event.target.blur(); next(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const action = actions[event.key];
  if (action) { event.preventDefault(); action(); }
});

inTurn(async () => { await refresh(); await load(1); });
