// States and progress of the page anew every few seconds; without it the page is whole and is loaded again by hand.
const EVERY_MS = 4000;
const live = () => [...document.querySelectorAll("[data-live]")];
async function look() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { credentials: "same-origin", headers: { "X-Live": "1", Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of live()) {
    const now = fresh.querySelector(`[data-live="${CSS.escape(old.dataset.live)}"]`);
    if (now) old.replaceChildren(...document.importNode(now, true).childNodes);
    else if (old.dataset.live === "pending") location.reload();
  }
}
if (document.querySelector('.chip.running, .chip.waiting, [data-live="pending"]')) setInterval(() => look().catch(() => {}), EVERY_MS);
