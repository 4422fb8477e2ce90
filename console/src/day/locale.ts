// A Chromium that was started without a locale (a wall board's, often) calls its language `en-US@posix`, which Intl
// refuses; uPlot asks Intl for it when it is imported, and the page would stay white. Imported before uPlot.

try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}

/** The language of the page's words and figures. */
export const LANGUAGE = "en";
