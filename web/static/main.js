// Makes pages quicker: previews, progress, and results without a reload. Pages work without it.

import { watchFilters } from "./filters.js";
import { watchPanel } from "./panel.js";
import { onSwap, watchLinks } from "./swap.js";

const start = () => {
  watchPanel();
  watchFilters();
};

watchLinks();
onSwap(start);
start();
