// Shows the section that the address names; each is loaded when it is first shown.

import { key } from "./api.js";
import { h, notice } from "./dom.js";
import { State, address, parse } from "./state.js";

const SECTIONS = {
  functions: { title: "Functions", load: () => import("./sections/functions.js") },
  flow: { title: "Gradient flow", load: () => import("./sections/flow.js") },
  phase: { title: "Phase diagram", load: () => import("./sections/phase.js") },
  training: { title: "Training race", load: () => import("./sections/training.js") },
};
const FIRST = "functions";

const states = {};

async function show() {
  if (location.hash && !location.hash.startsWith("#/")) return; // a place within the page
  const { section, values } = parse(location.hash);
  const name = section in SECTIONS ? section : FIRST;
  document.title = `${SECTIONS[name].title} · Actiscope`;
  for (const element of document.querySelectorAll("main > section")) element.hidden = element.dataset.section !== name;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.dataset.section !== name) link.removeAttribute("aria-current");
    else {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
  if (states[name]) states[name].take(values);
  else await mount(name, (states[name] = new State(name, values)));
  if (states[name]) remember({ detail: states[name] });
}

async function mount(name, state) {
  const body = h("div", { class: "section-body" });
  document.querySelector(`main > section[data-section="${name}"]`).append(body);
  try {
    const module = await SECTIONS[name].load();
    await module.mount(body, state);
  } catch (error) {
    delete states[name]; // tried again when it is shown again
    body.replaceChildren(notice(error));
    console.error(error);
  }
}

/** Whoever comes back to a section finds it as it was left. */
function remember({ detail: state }) {
  document.querySelector(`.tabs a[data-section="${state.section}"]`).href = address(state.section, state.values);
}

function chooseTheme(button) {
  const names = { "": "Auto", light: "Light", dark: "Dark" };
  const order = Object.keys(names);
  const tell = () => {
    const chosen = document.documentElement.dataset.theme ?? "";
    button.textContent = names[chosen];
    button.setAttribute("aria-label", `Colours: ${names[chosen].toLowerCase()}. Change.`);
  };
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(document.documentElement.dataset.theme ?? "") + 1) % order.length];
    if (next) document.documentElement.dataset.theme = next;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("actiscope.theme", next);
    tell();
    window.dispatchEvent(new Event("actiscope:theme"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => window.dispatchEvent(new Event("actiscope:theme")));
  tell();
}

function askForKey() {
  const [dialog, form, input] = ["key-dialog", "key-form", "key-input"].map((id) => document.getElementById(id));
  const open = () => {
    if (dialog.open) return;
    input.value = key.get() ?? "";
    dialog.showModal();
  };
  document.getElementById("key-button").addEventListener("click", open);
  window.addEventListener("actiscope:unauthorized", open);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) key.set(input.value.trim());
    location.reload(); // all that was refused is asked again
  });
  document.getElementById("key-forget").addEventListener("click", () => {
    key.forget();
    location.reload();
  });
  document.getElementById("key-cancel").addEventListener("click", () => dialog.close());
}

document.addEventListener("actiscope:state", remember);
window.addEventListener("hashchange", show);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address stays that of the view
  document.getElementById("main").focus();
});
chooseTheme(document.getElementById("theme-button"));
askForKey();
show();
