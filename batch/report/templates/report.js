"use strict";
(() => {
  const cards = [...document.querySelectorAll(".card")];
  const tools = document.querySelector(".tools");

  // Finding: one status at a time, and every word that was typed.
  if (tools) {
    const box = tools.querySelector("input");
    const chips = [...tools.querySelectorAll(".chip")];
    const found = tools.querySelector(".found");
    const nothing = document.querySelector(".nothing");
    const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const texts = cards.map((card) => {
      const parts = card.querySelectorAll(".title, .sku, .prompt");
      return fold([...parts].map((part) => part.textContent).join("\n"));
    });
    const fits = (card, show) => show === "all" || card.dataset.status === show || (show === "warned" && "warned" in card.dataset);
    let show = "all";

    const update = () => {
      const words = fold(box.value).split(/\s+/).filter(Boolean);
      let count = 0;
      cards.forEach((card, index) => {
        const seen = fits(card, show) && words.every((word) => texts[index].includes(word));
        card.hidden = !seen;
        count += seen ? 1 : 0;
        if (!seen) card.querySelector("video")?.pause();
      });
      found.value = count === cards.length ? "" : `${count} of ${cards.length} shown`;
      nothing.hidden = count > 0;
      chips.forEach((chip) => chip.setAttribute("aria-pressed", String(chip.dataset.show === show)));
    };

    chips.forEach((chip) => {
      const count = cards.filter((card) => fits(card, chip.dataset.show)).length;
      chip.querySelector("b").textContent = count.toLocaleString("en");
      chip.hidden = count === 0;
      chip.addEventListener("click", () => {
        show = chip.dataset.show === show ? "all" : chip.dataset.show;
        update();
      });
    });
    const reset = () => {
      show = "all";
      box.value = "";
      update();
      box.focus();
    };
    box.addEventListener("input", update);
    tools.addEventListener("submit", (event) => event.preventDefault());
    document.querySelector(".reset").addEventListener("click", reset);
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.ctrlKey && !event.metaKey && event.target !== box) {
        event.preventDefault();
        box.focus();
      } else if (event.key === "Escape" && event.target === box) {
        reset();
      }
    });
    tools.hidden = false;
    update();
  }

  // Clips: read when they come near, played while a mouse or the keyboard is on them, controls only then.
  const videos = [...document.querySelectorAll("video")];
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && target.preload === "none") target.preload = "metadata";
      if (!isIntersecting) target.pause();
    }
  }, { rootMargin: "50% 0px" });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  videos.forEach((video) => {
    const figure = video.parentElement;
    let ours = false;
    const rest = () => {
      if (!video.paused) return;
      video.controls = false;
      figure.classList.add("quiet");
    };
    const wake = () => {
      video.controls = true;
      figure.classList.remove("quiet");
    };
    const start = () => {
      wake();
      if (still.matches || !video.paused) return;
      ours = true;
      video.play().catch(() => { ours = false; });
    };
    const stop = () => {
      if (ours && video.muted) video.pause();
      ours = false;
      rest();
    };
    video.muted = true;
    rest();
    near.observe(video);
    video.addEventListener("error", () => {
      video.hidden = true;
      figure.classList.remove("quiet");
      video.nextElementSibling.hidden = false;
    });
    video.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && start());
    video.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && stop());
    video.addEventListener("focus", () => video.matches(":focus-visible") && start());
    video.addEventListener("blur", stop);
    video.addEventListener("pointerdown", () => { ours = false; });
    video.addEventListener("click", () => {
      // A finger on a clip at rest; while the controls are there, the browser plays and pauses by itself.
      if (video.controls) return;
      wake();
      video.play().catch(() => {});
    });
  });

  // Print: paper gets each clip's present frame as a picture.
  addEventListener("beforeprint", () => {
    videos.filter((video) => video.readyState >= 2).forEach((video) => {
      const frame = document.createElement("canvas");
      frame.className = "frame";
      frame.width = 480;
      frame.height = Math.round((480 * video.videoHeight) / video.videoWidth);
      frame.getContext("2d").drawImage(video, 0, 0, frame.width, frame.height);
      video.after(frame);
    });
  });
  addEventListener("afterprint", () => document.querySelectorAll(".frame").forEach((frame) => frame.remove()));
})();
