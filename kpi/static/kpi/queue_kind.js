// Shows the fields of the kind of queue that is chosen. Those of the other kind keep their values and are saved with it.
const kind = document.getElementById("id_kind");

function showKind() {
  for (const fields of document.querySelectorAll("fieldset.of-realtime, fieldset.of-deferred")) {
    const isWrong = fields.querySelector(".errorlist") !== null;
    fields.hidden = !isWrong && !fields.classList.contains(`of-${kind.value}`);
  }
}

if (kind !== null) {
  kind.addEventListener("change", showKind);
  showKind();
}
