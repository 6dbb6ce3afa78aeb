// What the page offers beyond reading: sorting, filtering, one case or group at a time, and where a number comes from.
// Nothing depends on it. All text is set as text, so that names from outside stay names.

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
// Words in the language of the page, which carries those that are not English.
const known = JSON.parse(document.body.dataset.words ?? "{}");
const say = (text, places = {}) => (known[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => places[name]);
const seen = element => element.getClientRects().length > 0;

// Rows of a table, each with the row of figure ids that belongs to it.
const pairs = table => {
  const found = [];
  for (const row of table.tBodies[0].rows) {
    if (row.classList.contains("ids")) found.at(-1).push(row);
    else found.push([row]);
  }
  return found;
};

// Sorting: up, down, and back to the order of the card. Empty cells stay last.
const key = cell => {
  const number = cell.querySelector("data");
  return number ? Number(number.value) : cell.textContent.trim();
};
const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b
    : typeof a !== typeof b ? (typeof a === "number" ? -1 : 1)
      : a.localeCompare(b, "en", { numeric: true });

const sortable = table => {
  const original = pairs(table);
  if (original.length < 3) return;
  [...table.tHead.rows[0].cells].forEach((head, column, heads) => {
    const button = make("button", { type: "button", class: "sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: "none" }[head.ariaSort] ?? "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      if (next !== "none") head.ariaSort = next;
      const sign = next === "descending" ? -1 : 1;
      const keyed = original.map(pair => [key(pair[0].cells[column]), pair]);
      if (next !== "none") keyed.sort(([a], [b]) => (a === "") - (b === "") || sign * compare(a, b));
      table.tBodies[0].append(...keyed.flatMap(([, pair]) => pair));
      settle(table);
    });
  });
};

// Filtering of long tables; the count is read out.
const filterable = (table, order) => {
  const rows = pairs(table);
  if (rows.length <= 12) return;
  const place = table.closest(".scroll");
  const label = make("label", { id: `filter-${order}` }, say("Filter rows"));
  const input = make("input", { type: "search", autocomplete: "off", id: `filter-box-${order}` });
  label.htmlFor = input.id;
  input.setAttribute("aria-labelledby", `${label.id} ${place.getAttribute("aria-labelledby") ?? ""}`.trim());
  const count = make("span", { role: "status", "aria-live": "polite" });
  const apply = () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const pair of rows) {
      const fits = pair.some(row => row.textContent.toLowerCase().includes(wanted));
      pair.forEach(row => row.classList.toggle("away", !fits));
      shown += fits && !pair[0].classList.contains("aside");
    }
    count.textContent = say("{shown} of {all} rows", { shown, all: rows.length });
    settle(table);
  };
  input.addEventListener("input", apply);
  place.before(make("p", { class: "tool" }, label, input, count));
  apply();
};

// One case at a time.
const choosable = section => {
  const cases = [...section.querySelectorAll(":scope > .group[id^='case-']")];
  if (cases.length < 2) return;
  const select = make("select", { id: "case-choice" }, make("option", { value: "" }, say("all")));
  for (const one of cases) {
    select.append(make("option", { value: one.id }, one.querySelector("h3").textContent));
  }
  select.addEventListener("change", () => {
    for (const one of cases) one.classList.toggle("away", select.value !== "" && one.id !== select.value);
  });
  cases[0].before(make("p", { class: "tool" }, make("label", { for: select.id }, say("Show case")), select));
};

// One group at a time: ids of figures hold their groups, [column=group,…], and every group has a count.
const plain = text => text.startsWith('"') ? JSON.parse(text) : text;
const groups = number => [...(number.dataset.figure ?? "")
  .matchAll(/[[,]((?:"(?:[^"\\]|\\.)*"|[^"=,\]])+)=((?:"(?:[^"\\]|\\.)*"|[^",\]])+)/g)].map(found => found.slice(1));

const pickable = choice => {
  const known = new Map();
  for (const number of document.querySelectorAll("main data[data-figure^='fairness.count[']")) {
    for (const [column, group] of groups(number)) known.set(column, (known.get(column) ?? new Set()).add(group));
  }
  if (!known.size) return;
  const select = make("select", { id: "group-choice" }, make("option", { value: "" }, say("all")));
  for (const [column, names] of known) {
    const options = [...names].map(name => make("option", { value: JSON.stringify([column, name]) }, plain(name)));
    select.append(make("optgroup", { label: plain(column) }, ...options));
  }
  const told = make("span", { role: "status", "aria-live": "polite" });
  const tables = [...document.querySelectorAll("section:not(.front) table")].map(table => [table, pairs(table)
    .map(pair => [pair, [...pair[0].querySelectorAll("data")].flatMap(groups)])]);
  select.addEventListener("change", () => {
    const [column, group] = select.value ? JSON.parse(select.value) : [];
    let hidden = 0;
    for (const [table, rows] of tables) {
      const before = hidden, about = rows.some(([, own]) => own.some(([name]) => name === column));
      for (const [pair, own] of rows) {
        const named = own.filter(([name]) => name === column);
        // A row without numbers, as of suppressed groups, is known by its head.
        const other = about && !pair[0].querySelector("data") && !pair[0].cells[0].textContent.includes(plain(group));
        const aside = named.length > 0 ? named.every(([, name]) => name !== group) : other;
        pair.forEach(row => row.classList.toggle("aside", aside));
        hidden += aside;
      }
      const place = table.closest(".scroll");
      if (hidden > before) place.dataset.only = say("Only {column}: {group}", { column: plain(column), group: plain(group) });
      else delete place.dataset.only;
      settle(table);
    }
    document.querySelectorAll(".tool input").forEach(box => box.dispatchEvent(new Event("input")));
    told.textContent = column ? say("{hidden} rows of other groups are hidden", { hidden }) : "";
  });
  choice.after(make("p", { class: "choice tool" }, make("label", { for: select.id }, say("Show group")), select, told));
};

// What can be scrolled is a landmark that the tab key reaches; what shows all it has is neither.
const fitting = new ResizeObserver(entries => new Set(entries.map(entry => entry.target.closest(".scroll"))).forEach(fit));
const fit = place => {
  const over = place.scrollWidth > place.clientWidth + 1 || place.scrollHeight > place.clientHeight + 1;
  place.role = over ? "region" : "group";
  if (over) place.tabIndex = 0;
  else place.removeAttribute("tabindex");
};

// Numbers: one of each table or paragraph is a stop of the tab key, arrows go to the others.
const home = number => number.closest("table, ul, dl, p, figcaption, h3, h4");
const stop = number => {
  const old = home(number).querySelector("data[tabindex]");
  if (old && old !== number) ["tabindex", "role", "aria-haspopup"].forEach(name => old.removeAttribute(name));
  number.tabIndex = 0;
  number.role = "button";
  number.setAttribute("aria-haspopup", "dialog");
};
const settle = place => {
  const numbers = [...place.querySelectorAll("data")];
  const first = numbers.find(number => !number.closest(".away, .aside"));
  if (first) stop(first);
};
const neighbour = (number, pressed) => {
  const numbers = [...home(number).querySelectorAll("data")].filter(seen);
  const step = pressed === "ArrowRight" || pressed === "ArrowDown" ? 1 : -1;
  const cell = number.closest("td, th");
  if (!cell || pressed === "ArrowLeft" || pressed === "ArrowRight") return numbers[numbers.indexOf(number) + step];
  const below = numbers.filter(other => other.closest("td, th").cellIndex === cell.cellIndex);
  const one = below.filter(other => other === number || other.closest("tr") !== cell.parentElement);
  return one[one.indexOf(number) + step];
};

// Where a number comes from.
const title = make("p", { id: "origin-title", class: "strong" }, say("Where this number stands"));
const facts = make("dl");
const copy = make("button", { type: "button" }, say("Copy id"));
const told = make("span", { role: "status", "aria-live": "polite" });
const source = document.querySelector(".end bdi").textContent;
const rest = make("p", { class: "note" }, say("{source} has the rest: method, data and what was not tested.", { source }));
const origin = make("div", { id: "origin", popover: "auto", role: "dialog", "aria-labelledby": title.id });
origin.append(title, facts, copy, told, rest);

const explain = number => {
  const { figure, field = "value" } = number.dataset;
  // Of a place in a series, the table, the head of the column or the row may say what the number does not.
  const cell = number.closest("td, th"), table = number.closest("table");
  const around = [table, table?.tHead?.rows[0].cells[cell?.cellIndex], cell?.parentElement, number];
  const { series, column, row } = Object.assign({}, ...around.map(element => element?.dataset));
  const lines = [["id", figure ?? series], ...(figure ? [[say("field"), field]] : [[say("column"), column], [say("row"), row]])];
  facts.replaceChildren(...[...lines, [say("value"), number.value]].map(([name, text]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, make("code", {}, text)))));
  told.textContent = "";
  stop(number);
  number.focus({ preventScroll: true });
  origin.showPopover();
  const at = number.getBoundingClientRect(), own = origin.getBoundingClientRect();
  const below = at.bottom + 6 + own.height <= innerHeight;
  origin.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - own.width - 8))}px`;
  origin.style.top = `${Math.max(8, below ? at.bottom + 6 : at.top - 6 - own.height)}px`;
  copy.focus({ preventScroll: true });
};
copy.addEventListener("click", async () => {
  const id = facts.querySelector("code");
  try {
    await navigator.clipboard.writeText(id.textContent);
    told.textContent = say("Copied");
  } catch {
    getSelection().selectAllChildren(id); // where the clipboard is closed to pages, the reader copies
    told.textContent = say("Selected: copy it with the keyboard");
  }
});
document.addEventListener("click", event => {
  const number = event.target.closest("main data");
  if (number && getSelection().isCollapsed) explain(number);
});
document.addEventListener("keydown", event => {
  const number = event.target.closest("main data[tabindex]");
  if (!number || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") explain(number);
  else if (event.key.startsWith("Arrow")) {
    const next = neighbour(number, event.key);
    if (next) { stop(next); next.focus(); }
  } else return;
  event.preventDefault();
});

document.querySelector("main").append(origin);
document.querySelectorAll("main table").forEach((table, order) => { sortable(table); filterable(table, order); });
document.querySelectorAll("#cases").forEach(choosable);
document.querySelectorAll(".choice").forEach(pickable);
document.querySelectorAll(".scroll[tabindex]").forEach(place => {
  fitting.observe(place);
  fitting.observe(place.firstElementChild);
});
new Set([...document.querySelectorAll("main data")].map(home)).forEach(place => place && settle(place));
document.body.classList.add("live");
