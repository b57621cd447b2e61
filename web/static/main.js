// Makes pages quicker: previews, progress, and results without a reload. Pages work without it.

import { watchBox } from "./box.js";
import { askForConsent, watchClicks } from "./clicks.js";
import { watchFilters } from "./filters.js";
import { watchPanel } from "./panel.js";
import { watchRecent } from "./recent.js";
import { watchShare } from "./share.js";
import { askForPhoto, watchPhotoAnswers } from "./photos.js";
import { onSwap, watchLinks } from "./swap.js";

const start = () => {
  watchPanel();
  watchFilters();
  watchBox();
  watchRecent();
  watchShare();
  askForConsent();
  askForPhoto();
};

watchLinks();
watchClicks();
watchPhotoAnswers();
onSwap(start);
start();
