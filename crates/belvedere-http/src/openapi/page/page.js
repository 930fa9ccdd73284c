// Shows openapi.json. Everything in it is put in as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

const element = (name, attributes = {}, ...children) => {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children.filter((child) => child !== undefined));
  return made;
};

const resolve = (api, thing) => {
  const path = thing?.$ref?.replace("#/", "").split("/");
  return path ? path.reduce((place, key) => place?.[key], api) : thing;
};

const row = (...cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));

const table = (title, rows) =>
  rows.length ? element("section", {}, element("h3", {}, title), element("table", {}, ...rows)) : undefined;

// A value as the schema describes it, references followed; a schema that contains itself ends at its name.
const example = (api, schema, above = []) => {
  const name = schema?.$ref?.split("/").pop();
  if (name && above.includes(name)) return name;
  const whole = resolve(api, schema) ?? {};
  const inside = name ? [...above, name] : above;
  if (whole.example !== undefined) return whole.example;
  if (whole.oneOf ?? whole.anyOf) return example(api, (whole.oneOf ?? whole.anyOf).find((one) => one.type !== "null"), inside);
  if (whole.allOf) return Object.assign({}, ...whole.allOf.map((part) => example(api, part, inside)));
  if (whole.properties) {
    const fields = Object.entries(whole.properties);
    return Object.fromEntries(fields.map(([key, value]) => [key, example(api, value, inside)]));
  }
  if (whole.items) return [example(api, whole.items, inside)];
  return described(whole);
};

const RULES = ["format", "minLength", "maxLength", "minimum", "maximum", "pattern", "enum", "default"];

const described = (schema) => {
  const rules = RULES.filter((rule) => schema[rule] !== undefined).map((rule) => `${rule} ${schema[rule]}`);
  return [[schema.type].flat().filter(Boolean).join(" or "), ...rules].join(", ");
};

const body = (api, content) =>
  Object.entries(content ?? {}).map(([type, { schema }]) =>
    element("div", {}, element("code", {}, type), element("pre", {}, JSON.stringify(example(api, schema), null, 2))));

const parameters = (api, operation) =>
  table("Parameters", (operation.parameters ?? []).map((reference) => {
    const { name, in: place, required, schema, description } = resolve(api, reference);
    const rules = `${described(resolve(api, schema) ?? {})}${required ? ", required" : ""}`;
    return row(element("code", {}, name), place, rules, description ?? "");
  }));

const callers = (api, operation) =>
  table("Callers", (operation.security ?? []).map((one) => {
    const schemes = Object.keys(one).map((name) => api.components.securitySchemes[name]);
    return row(schemes.map((scheme) => scheme.name ?? `authorization: ${scheme.scheme}`).join(" and "));
  }));

const responses = (api, operation) =>
  table("Answers", Object.entries(operation.responses ?? {}).map(([status, reference]) => {
    const { description, content } = resolve(api, reference);
    const shown = status < "4" ? body(api, content) : [];
    return row(element("code", {}, status), element("div", {}, description ?? "", ...shown));
  }));

const request = (api, operation) => {
  const { content } = resolve(api, operation.requestBody) ?? {};
  return content && element("section", {}, element("h3", {}, "Body"), ...body(api, content));
};

const shown = (api, path, method, operation) =>
  element("details", { id: operation.operationId ?? `${method} ${path}` },
    element("summary", {},
      element("span", { className: `method ${method}` }, method),
      element("code", { className: "path" }, path),
      operation.summary ?? ""),
    operation.description && element("p", {}, operation.description),
    callers(api, operation),
    parameters(api, operation),
    request(api, operation),
    responses(api, operation));

const show = (api) => {
  const sections = new Map();
  for (const [path, item] of Object.entries(api.paths ?? {})) {
    for (const method of METHODS.filter((method) => item[method])) {
      const [tag = "api"] = item[method].tags ?? [];
      if (!sections.has(tag)) sections.set(tag, element("section", {}, element("h2", {}, tag)));
      sections.get(tag).append(shown(api, path, method, item[method]));
    }
  }
  document.title = `${api.info.title} ${api.info.version}`;
  document.getElementById("title").textContent = document.title;
  document.getElementById("operations").replaceChildren(...sections.values());
};

const fail = (error) => {
  const text = `openapi.json could not be shown: ${error.message}`;
  document.getElementById("operations").replaceChildren(element("p", { className: "failed" }, text));
};

try {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  show(await answer.json());
} catch (error) {
  fail(error);
}
