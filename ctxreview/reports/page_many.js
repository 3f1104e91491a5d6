"use strict";
const STEP = 100;
const byId = id => document.getElementById(id);
const rows = JSON.parse(byId("rows").textContent).rows;
const searched = rows.map(row => [row.path, row.name, ...row.rules, row.text].join("\n").toLowerCase());
const paths = rows.map(row => row.path.toLowerCase());
let shown = STEP, matches = [], open = -1;

const element = (name, classes, text) => {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
};

const item = number => {
  const row = rows[number], made = element("li"), link = element("a", "row");
  made.id = "i" + number;
  link.href = "#i" + number;
  link.setAttribute("aria-expanded", "false");
  link.append(element("span", "badge " + row.verdict, row.verdict), " ", element("code", "", row.path + (row.lines && ":" + row.lines)));
  for (const [severity, count] of row.found) link.append(" ", element("span", "badge " + severity, count + " " + severity));
  link.append(element("span", "what", row.name));
  made.append(link);
  return made;
};

const list = () => {
  byId("list").replaceChildren(...matches.slice(0, shown).map(item));
  byId("more").hidden = matches.length <= shown;
  byId("count").textContent = matches.length.toLocaleString("en") + " of " + rows.length.toLocaleString("en");
  open = -1;
};

const filter = () => {
  const verdict = byId("verdict").value, rule = byId("rule").value;
  const path = byId("path").value.trim().toLowerCase(), words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  matches = rows.map((_, number) => number).filter(number => (!verdict || rows[number].verdict === verdict)
    && (!rule || rows[number].rules.includes(rule)) && (!path || paths[number].includes(path))
    && words.every(word => searched[number].includes(word)));
  shown = STEP;
  list();
};

const unpacked = async number => {
  const bytes = Uint8Array.from(atob(byId("b" + number).textContent), letter => letter.charCodeAt(0));
  const read = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(read).text();
};

const close = () => {
  if (open < 0) return;
  byId("opened")?.remove();
  byId("i" + open)?.firstChild.setAttribute("aria-expanded", "false");
  open = -1;
};

const show = async number => {
  if (!matches.includes(number)) {
    for (const id of ["verdict", "rule", "path", "text"]) byId(id).value = "";
    filter();
  }
  const at = matches.indexOf(number);
  if (at >= shown) {
    shown = at + STEP;
    list();
  }
  close();
  open = number;
  const panel = element("article", "opened");
  panel.id = "opened";
  if (byId("b" + number)) panel.innerHTML = await unpacked(number);
  else panel.textContent = rows[number].name;
  if (open !== number) return;
  const place = byId("i" + number);
  place.firstChild.setAttribute("aria-expanded", "true");
  place.append(panel);
  place.scrollIntoView();
};

const follow = () => {
  const found = /^#i(\d+)$/.exec(location.hash);
  if (found && Number(found[1]) < rows.length) show(Number(found[1]));
};

byId("list").addEventListener("click", event => {
  const link = event.target.closest("a.row");
  if (!link) return;
  event.preventDefault();
  const number = Number(link.parentNode.id.slice(1));
  history.replaceState(null, "", open === number ? "#" : link.hash);
  if (open === number) close();
  else show(number);
});
byId("more").addEventListener("click", () => { shown += STEP; const was = open; list(); if (was >= 0) show(was); });
for (const id of ["verdict", "rule"]) byId(id).addEventListener("change", filter);
for (const id of ["path", "text"]) byId(id).addEventListener("input", filter);
addEventListener("hashchange", follow);
byId("filters").hidden = false;
filter();
follow();
