// Clips: a film is made where its card comes near, and taken away where it goes; it plays under a mouse and on a key.
const still = matchMedia("(prefers-reduced-motion: reduce)");
const films = new WeakMap();
const named = (link) => {
  const address = link.getAttribute("href");
  try {
    return decodeURIComponent(address).replace(/^(\.\.\/)+/, "");
  } catch {
    return address;
  }
};
const missing = (link) => {
  const words = document.createElement("p");
  words.className = "blank gone";
  words.textContent = "The clip is not beside this page any more: ";
  const path = document.createElement("span");
  path.className = "code said";
  path.textContent = named(link);
  words.append(path);
  return words;
};

// Makes the film over a link to a clip; the first frame is read at once only where no poster shows it.
const film = (link) => {
  const figure = link.parentElement;
  if (films.has(figure)) return films.get(figure);
  const video = document.createElement("video");
  const rest = () => {
    if (!video.paused) return;
    video.controls = false;
    figure.classList.add("quiet");
  };
  const wake = () => {
    if (!video.src) video.src = `${link.href}#t=0.001`;
    video.controls = true;
    figure.classList.remove("quiet");
  };
  let ours = false;
  const play = () => {
    wake();
    return video.play().catch(() => {});
  };
  const made = {
    video,
    play,
    start: () => {
      if (still.matches || !video.paused) return;
      ours = true;
      play();
    },
    stop: () => {
      if (ours) video.pause();
      ours = false;
      rest();
    },
    toggle: () => {
      ours = false;
      if (video.paused) return play();
      video.pause();
      return rest();
    },
    remove: () => {
      video.pause();
      video.removeAttribute("src");
      video.load();
      video.remove();
      films.delete(figure);
    },
  };
  Object.assign(video, { muted: true, loop: true, playsInline: true, preload: "none", tabIndex: -1 });
  video.width = Number(link.dataset.wide);
  video.height = Number(link.dataset.high);
  video.setAttribute("aria-label", link.getAttribute("aria-label").replace(/^Play/, "Clip:"));
  video.addEventListener("error", () => {
    if (!video.getAttribute("src")) return;
    figure.classList.remove("quiet");
    figure.append(missing(link));
    made.remove();
    films.set(figure, made);
    link.hidden = true;
  });
  video.addEventListener("click", () => {
    // A finger on a clip at rest; while the controls are there, the browser plays and pauses by itself.
    if (!video.controls) play();
  });
  video.addEventListener("pointerdown", () => { ours = false; });
  films.set(figure, made);
  figure.append(video);
  rest();
  if (!link.firstElementChild) {
    video.preload = "metadata";
    video.src = `${link.href}#t=0.001`;
  }
  return made;
};
const linkOf = (root) => find("a.play:not([hidden])", root);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.play");
  if (!link) return;
  event.preventDefault();
  film(link).toggle();
});
const hovered = (event, does) => {
  const figure = event.target.closest?.(".clip");
  const link = event.pointerType === "mouse" && figure && !figure.contains(event.relatedTarget) && linkOf(figure);
  if (link) does(film(link));
};
document.addEventListener("pointerover", (event) => hovered(event, (made) => made.start()));
document.addEventListener("pointerout", (event) => hovered(event, (made) => made.stop()));

// What a card needs to be worked with is made when it comes near: two thousand cards would not carry it all.
const equipping = [];
const equip = (item) => {
  const link = linkOf(item.card);
  if (link && !link.firstElementChild) film(link);
  equipping.forEach((does) => does(item));
};
const leave = ({ card }) => findAll(".clip", card).forEach((figure) => find(".gone", figure) || films.get(figure)?.remove());
// The browser says by itself when a card is about to be seen; where it does not, it is watched for.
const watch = () => {
  const told = (item, isNear) => (isNear ? equip(item) : leave(item));
  const byItself = "oncontentvisibilityautostatechange" in window;
  if (byItself) {
    grid.addEventListener("contentvisibilityautostatechange", ({ target, skipped }) => {
      const item = byCard.get(target);
      if (item) told(item, !skipped);
    }, true);
  }
  const near = new IntersectionObserver((entries) => {
    entries.forEach(({ isIntersecting, target }) => told(byCard.get(target), isIntersecting));
    // Those that were near before anybody listened are all that is asked for.
    if (byItself) near.disconnect();
  }, { rootMargin: "200% 0px" });
  items.forEach(({ card }) => near.observe(card));
};

// The prompt is shown whole with the details.
document.addEventListener("toggle", ({ target }) => {
  target.closest?.(".card")?.classList.toggle("whole", target.open);
}, true);

// Print: paper gets each clip's present frame as a picture.
addEventListener("beforeprint", () => {
  showAtLeast(Infinity);
  findAll("details.channels-known").forEach((known) => { known.open = true; });
  findAll("video").filter((video) => video.readyState >= 2).forEach((video) => {
    const frame = document.createElement("canvas");
    frame.className = "frame";
    frame.width = 480;
    frame.height = Math.round((480 * video.videoHeight) / video.videoWidth);
    frame.getContext("2d").drawImage(video, 0, 0, frame.width, frame.height);
    video.after(frame);
  });
});
addEventListener("afterprint", () => findAll(".frame").forEach((frame) => frame.remove()));
