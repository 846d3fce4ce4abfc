// Loads and starts Redoc with the values of the page, which may not contain scripts (Content-Security-Policy).

const place = document.getElementById("api-docs");
const FONT = "system-ui, sans-serif";

// Redoc adds style elements, some of them while it loads. Each needs the nonce of the response.
const createElement = document.createElement.bind(document);
document.createElement = (name, options) => {
  const element = createElement(name, options);
  if (name === "style") element.nonce = place.dataset.nonce;
  return element;
};

// Redoc's menu shows a logo from another host, and has no option to leave it out.
const isOwn = (address) => address.startsWith("data:") || new URL(address, location).origin === location.origin;
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(address) {
    if (isOwn(address)) source.set.call(this, address);
  },
});
HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name !== "src" || isOwn(value)) Element.prototype.setAttribute.call(this, name, value);
};

const settings = {
  nonce: place.dataset.nonce,
  disableSearch: true, // the search runs in a worker made from a blob, which the policy forbids
  theme: { typography: { fontFamily: FONT, headings: { fontFamily: FONT } } },
  ...JSON.parse(place.dataset.settings),
};
const bundle = document.createElement("script");
bundle.addEventListener("load", () => window.Redoc.init(place.dataset.schema, settings, place));
bundle.src = place.dataset.bundle;
document.head.append(bundle);
