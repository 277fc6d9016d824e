export function mount(element) {
  element.replaceChildren();
}
