// Makes pages quicker: previews, progress, and results without a reload. Pages work without it.

import { askForConsent, watchClicks } from "./clicks.js";
import { watchFilters } from "./filters.js";
import { watchPanel } from "./panel.js";
import { askForPhoto, watchPhotoAnswers } from "./photos.js";
import { onSwap, watchLinks } from "./swap.js";

const start = () => {
  watchPanel();
  watchFilters();
  askForConsent();
  askForPhoto();
};

watchLinks();
watchClicks();
watchPhotoAnswers();
onSwap(start);
start();
