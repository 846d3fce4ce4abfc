// Starts Swagger UI with the values of the page, which may not contain scripts (Content-Security-Policy).

const place = document.getElementById("api-docs");

function addToken(request) {
  const isUnsafe = !["GET", "HEAD", "OPTIONS", undefined].includes(request.method);
  if (isUnsafe && new URL(request.url, location).origin === location.origin) {
    request.headers[place.dataset.csrfHeader] = place.dataset.csrfToken;
  }
  return request;
}

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: "none", // the default is a service on another host
  requestInterceptor: addToken,
  ...JSON.parse(place.dataset.settings),
});
