// Lets the keyboard scroll wide tables and code, and searches the documentation in the browser. The index is fetched when somebody begins to type; a section is found if it
// holds every word, and words in headings count more than those in the text.
const form = document.querySelector("#search");
const input = form?.querySelector("input");
const list = form?.querySelector("ol");
const state = form?.querySelector("[role=status]");
const SHOWN = 12;
let sections;

function fetched() {
  sections ??= fetch(form.dataset.index, { redirect: "error" })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
    .then((index) => index.sections);
  return sections;
}

function score(section, words) {
  const [page, heading, text] = [section.page, section.heading, section.text].map((each) => each.toLowerCase());
  const of = (word) => 4 * heading.includes(word) + 2 * page.includes(word) + text.includes(word);
  return words.reduce((sum, word) => (sum && of(word) ? sum + of(word) : 0), 1);
}

function found(all, words) {
  return all
    .map((section) => ({ section, score: score(section, words) }))
    .filter((each) => each.score)
    .sort((one, other) => other.score - one.score)
    .map((each) => each.section);
}

function excerpt(text, word) {
  const start = Math.max(0, text.toLowerCase().indexOf(word) - 40);
  return `${start ? "…" : ""}${text.slice(start, start + 130)}`;
}

function entry(section, words) {
  const [item, link, title, text] = ["li", "a", "b", "span"].map((tag) => document.createElement(tag));
  link.href = section.address;
  title.textContent = section.heading === section.page ? section.page : `${section.page}: ${section.heading}`;
  text.textContent = excerpt(section.text, words[0]);
  link.append(title, text);
  item.append(link);
  return item;
}

async function search() {
  const asked = input.value;
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  try {
    const results = words.length ? found(await fetched(), words) : [];
    if (input.value !== asked) return; // a newer search is under way
    list.replaceChildren(...results.slice(0, SHOWN).map((section) => entry(section, words)));
    state.textContent = words.length
      ? `${results.length || "No"} ${results.length === 1 ? "section" : "sections"}`
      : "";
  } catch {
    sections = undefined;
    state.textContent = "The index could not be read: reload the page, and sign in again if asked.";
  }
}

function move(event) {
  const places = [input, ...list.querySelectorAll("a")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const place = places.indexOf(document.activeElement) + step;
  if (step && places[place]) {
    event.preventDefault();
    places[place].focus();
  } else if (event.key === "Escape") {
    close();
    input.focus();
  }
}

function close() {
  input.value = "";
  void search();
}

function begin() {
  form.hidden = false;
  form.addEventListener("keydown", move);
  input.addEventListener("input", () => void search());
  list.addEventListener("click", close);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
}

for (const each of document.querySelectorAll("article .scroll, article pre")) {
  if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
}
if (form) begin(); // strangers read the codes of errors and nothing else
