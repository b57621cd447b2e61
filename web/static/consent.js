// What the shopper agreed to, in cookies that identify nobody; `web/api/consent.py` reads them.

const KEPT_S = 180 * 24 * 3600;

export const wantsNoTracking = () => navigator.doNotTrack === "1" || navigator.globalPrivacyControl === true;

export const answerTo = (cookie) => document.cookie.match(new RegExp(`(?:^|; )${cookie}=(yes|no)`))?.[1];

export const remember = (cookie, said) => {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${cookie}=${said}; Path=/; Max-Age=${KEPT_S}; SameSite=Lax${secure}`;
};
