document.documentElement.dataset.scripts = "run";
for (const field of document.querySelectorAll("[data-digits]")) {
  field.addEventListener("input", () => {
    if (field.value.replace(/\s/g, "").length === Number(field.dataset.digits)) {
      field.form.requestSubmit();
    }
  });
}
document.querySelector("[data-throw]")?.addEventListener("click", () => {
  console.error("said", "so");
  throw new Error("thrown");
});
