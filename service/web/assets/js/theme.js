// Sets the colours that were chosen here before anything is painted; a classic script, since modules wait for the page.
const chosen = localStorage.getItem("actiscope.theme");
if (chosen) document.documentElement.dataset.theme = chosen;
