// Makes pages quicker: previews, progress, and results without a reload. Pages work without it.

import { askForConsent, watchClicks } from "./clicks.js";
import { watchFilters } from "./filters.js";
import { watchPanel } from "./panel.js";
import { onSwap, watchLinks } from "./swap.js";

const start = () => {
  watchPanel();
  watchFilters();
  askForConsent();
};

watchLinks();
watchClicks();
onSwap(start);
start();
