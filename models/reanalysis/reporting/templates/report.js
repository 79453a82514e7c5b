"use strict";
// Everything works without this script; it adds the explorers, sorting and downloads. No library, no request.
(function () {
  const MINUS = "\u2212", SPACE = "\u00a0";
  const data = JSON.parse(document.getElementById("report-data").textContent);

  // ---- small constructors -------------------------------------------------------------------------------------------
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  // ---- numbers, written as in the rest of the report ------------------------------------------------------------------
  function percent(p) {
    const value = 100 * p;
    if (value > 0 && value <= 0.5) return "<1" + SPACE + "%";
    if (value >= 99.5 && value < 100) return ">99" + SPACE + "%";
    return value.toFixed(0) + SPACE + "%";
  }
  function ratio(value) {
    if (value >= 1000) return ">1000";
    if (value < 0.01) return "<0.01";
    return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
  }
  function points(patients) {
    const value = Math.round(10 * patients) / 10;
    return (value > 0 ? "+" : value < 0 ? MINUS : "") + Math.abs(value).toFixed(1);
  }

  // ---- the posterior ------------------------------------------------------------------------------------------------
  const logit = (p) => Math.log(p / (1 - p));
  const expit = (x) => 1 / (1 + Math.exp(-x));

  // A distribution function from quantiles at the shared probabilities and a few exact values; linear between them.
  function distribution(effect) {
    const known = data.probabilities.map((p, i) => [effect.x[i], p]).concat(effect.exact).sort((a, b) => a[0] - b[0]);
    for (let i = 1; i < known.length; i++) known[i][1] = Math.max(known[i][1], known[i - 1][1]);
    const tail = 1e-9; // beyond the table: improbable, not impossible
    return {
      cdf(x) {
        if (x === -Infinity) return 0;
        if (x === Infinity) return 1;
        if (x < known[0][0]) return tail;
        if (x > known[known.length - 1][0]) return 1 - tail;
        let low = 0, high = known.length - 1;
        while (high - low > 1) {
          const middle = (low + high) >> 1;
          if (known[middle][0] <= x) low = middle; else high = middle;
        }
        const [x0, p0] = known[low], [x1, p1] = known[high];
        return x1 > x0 ? p0 + (p1 - p0) * (x - x0) / (x1 - x0) : p1;
      },
      quantile(p) {
        const at = data.probabilities.findIndex((q) => q >= p);
        if (at <= 0) return effect.x[0];
        const p0 = data.probabilities[at - 1], p1 = data.probabilities[at];
        return effect.x[at - 1] + (effect.x[at] - effect.x[at - 1]) * (p - p0) / (p1 - p0);
      },
    };
  }

  // Probability that the risk lies at least `size` below (sign -1) or above (sign 1) the control risk.
  function beyond(effect, risk, size, sign) {
    const moved = risk + sign * size;
    if (moved <= 0 || moved >= 1) return 0;
    const below = effect.cdf(logit(moved) - logit(risk));
    return sign < 0 ? below : 1 - below;
  }

  // ---- explorers ----------------------------------------------------------------------------------------------------
  function explore(place, id) {
    const endpoint = data.endpoints[id];
    if (!endpoint) return;
    const distributions = endpoint.effects.map(distribution);
    const key = (name) => `${id}-${name}`;
    const widest = 30, of = endpoint.of, per = `per ${of.toLocaleString("en")}`;

    const which = make("select", { id: key("effect") });
    const groups = new Map();
    endpoint.effects.forEach((effect, i) => {
      const option = make("option", { value: i }, effect.label + (effect.note ? ` (${effect.note})` : ""));
      if (!effect.group) { which.append(option); return; }
      if (!groups.has(effect.group)) {
        groups.set(effect.group, make("optgroup", { label: effect.group }));
        which.append(groups.get(effect.group));
      }
      groups.get(effect.group).append(option);
    });
    const baseline = make("select", { id: key("baseline") });
    endpoint.baselines.forEach((b, i) => baseline.append(make("option", { value: i }, `${b.label}, ${b.percent}${SPACE}%`)));
    baseline.append(make("option", { value: "" }, "another control risk"));
    const risk = make("input", { id: key("risk"), type: "number", min: 0, max: 100, step: "any", value: endpoint.baselines[0].percent });
    const size = make("input", { id: key("size"), type: "range", min: 0, max: widest, step: 0.5, value: endpoint.margin * of / 100 });
    const told = make("div", { class: "told" });
    const inputs = `${key("effect")} ${key("risk")} ${key("size")}`;
    const announced = make("output", { for: inputs, class: "unseen", "aria-live": "polite" }); // in short, for those who hear it
    const sizeShown = make("span", { class: "size", "aria-hidden": "true" });

    const field = (label, ...inputs) => make("p", {}, make("label", { for: inputs[0].id }, label), ...inputs);
    place.append(make("fieldset", {},
      make("legend", {}, `Try other choices: ${endpoint.label}`),
      make("div", { class: "controls" },
        field("Analysis", which),
        field("Control risk from", baseline),
        field("Control risk, %", risk),
        field(`Difference of at least, ${per}`, size, sizeShown)),
      told, announced));
    const named = endpoint.effects.map((effect) => (effect.group ? `${effect.group}: ` : "") + effect.label);

    function update(say = true) {
      const p0 = Number(risk.value) / 100, x = Number(size.value);
      if (!(p0 > 0 && p0 < 1)) {
        const fault = "The control risk lies between 0 and 100 %.";
        told.replaceChildren(make("p", {}, fault));
        announced.textContent = fault;
        return;
      }
      const at = distributions[Number(which.value)];
      const ends = [0.5, 0.025, 0.975].map((p) => at.quantile(p));
      const risks = ends.map((e) => expit(logit(p0) + e));
      const fewer = beyond(at, p0, x / of, -1), more = beyond(at, p0, x / of, 1);
      const below = at.cdf(0);
      const range = (values, write) => `${write(values[0])} (${write(values[1])} to ${write(values[2])})`;
      const rows = [["Odds ratio (95 % interval)", range(ends.map(Math.exp), ratio)]];
      if (endpoint.better) {
        const benefit = endpoint.better === "lower" ? below : 1 - below;
        rows.push(["P(benefit)", percent(benefit), benefit], ["P(harm)", percent(1 - benefit), 1 - benefit]);
      } else {
        rows.push(["P(fewer)", percent(below), below]);
      }
      rows.push(
        [`Risk with ${data.treated}, ${per}`, range(risks, (r) => (of * r).toFixed(1))],
        [`Difference ${per}`, range(risks.map((r) => r - p0), (d) => points(of * d))],
        [`P(at least ${x} fewer ${per})`, percent(fewer), fewer],
        [`P(at least ${x} more ${per})`, percent(more), more]);
      sizeShown.textContent = String(x);
      size.setAttribute("aria-valuetext", `${x} ${per}`);
      told.replaceChildren(make("dl", {}, ...rows.map(([name, text, p]) =>
        make("div", { "data-name": name, "data-p": p }, make("dt", {}, name), make("dd", {}, text)))));
      if (say) announced.textContent = rows.filter((row) => row.length > 2).map(([name, text]) => `${name} ${text}`).join("; ");
    }

    // The choices are in the address, so that it leads others to the same numbers.
    function keep() {
      if (!(risk.value > 0 && risk.value < 100)) return;
      const state = new URLSearchParams({ analysis: named[Number(which.value)], risk: risk.value, size: size.value });
      history.replaceState(null, "", `#${id}?${state}`);
    }
    function recall() {
      const [place, state] = address();
      if (place !== id || !state) return;
      const at = named.indexOf(state.get("analysis"));
      if (at >= 0) which.value = at;
      if (state.get("risk") > 0 && state.get("risk") < 100) risk.value = Number(state.get("risk"));
      if (state.has("size") && Number(state.get("size")) >= 0) size.value = state.get("size");
      choose();
      if (at < 0 && state.has("analysis")) told.prepend(make("p", {}, "This report has no analysis of the name in the address."));
    }
    baseline.addEventListener("change", () => {
      if (baseline.value !== "") risk.value = endpoint.baselines[Number(baseline.value)].percent;
      else risk.focus();
      update();
    });
    function choose() {
      const at = endpoint.baselines.findIndex((b) => b.percent === Number(risk.value));
      baseline.value = at < 0 ? "" : String(at);
      update();
    }
    risk.addEventListener("input", choose);
    which.addEventListener("change", () => update());
    size.addEventListener("input", () => update());
    place.addEventListener("change", keep);
    addEventListener("hashchange", recall);
    update(false);
    recall();
  }

  // What the address names: an element, and the choices of its explorer where there are any.
  function address() {
    const [name, state] = location.hash.slice(1).split("?");
    return [new URLSearchParams(`name=${name}`).get("name"), state && new URLSearchParams(state)]; // whatever stands there
  }

  // ---- tables -------------------------------------------------------------------------------------------------------
  function textOf(cell) {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("svg").forEach((drawn) => drawn.remove()); // the words of a drawn scale
    return copy.textContent.replace(/\s+/g, " ").trim();
  }
  const plain = (text) => text.replaceAll(MINUS, "-");
  function number(text) {
    const found = /^[^0-9]*?([<>]?)\s*([+-]?\d+(?:\.\d+)?)/.exec(plain(text));
    if (!found || !/^[<>+\-*\s(]*\d/.test(plain(text))) return null;
    return Number(found[2]) + (found[1] === "<" ? -1e-6 : found[1] === ">" ? 1e-6 : 0);
  }

  function sortable(table) {
    const body = table.tBodies[0], head = table.tHead && table.tHead.rows[0];
    if (!head || !body || body.rows.length < 3) return;
    if (table.classList.contains("fixed")) return;
    [...head.cells].forEach((cell, column) => {
      if (!textOf(cell)) return;
      const button = make("button", { type: "button", class: "sort", title: "Sort by this column" });
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const down = cell.getAttribute("aria-sort") === "ascending";
        for (const other of head.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].map((row, i) => [row, textOf(row.cells[column]), i]);
        const stay = rows.splice(rows.length - Number(table.dataset.last || 0)); // of the summary of the others
        const numbers = new Map(rows.map(([row, text]) => [row, number(text)]));
        const numeric = rows.every(([row, text]) => numbers.get(row) !== null || !/\d/.test(text));
        const missing = ([row, text]) => numeric ? numbers.get(row) === null : !text; // last, whichever way
        const order = ([a, x], [b, y]) => numeric ? numbers.get(a) - numbers.get(b) : x.localeCompare(y, "en", { numeric: true });
        rows.sort((a, b) => missing(a) - missing(b) ||
          (missing(a) ? 0 : (down ? -1 : 1) * order(a, b)) || a[2] - b[2]);
        body.append(...[...rows, ...stay].map(([row]) => row));
      });
    });
  }

  function csv(table) {
    // no text acts as a formula in a spreadsheet; a number with its sign is none
    const safe = (text) => /^[=+\-@|%]/.test(text) && !/^[+-]?[\d.,]+\s*%?$/.test(text) ? `'${text}` : text;
    const quote = (text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const rows = [...table.rows].filter((row) => !row.classList.contains("across"));
    return rows.map((row) => [...row.cells].map((cell) => quote(safe(plain(textOf(cell))))).join(",")).join("\r\n") + "\r\n";
  }

  // ---- downloads ----------------------------------------------------------------------------------------------------
  function save(name, content, type) {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const link = make("a", { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
  const download = (label, name, act) => {
    const button = make("button", { type: "button", class: "download", "aria-label": `${label}: ${name}` }, label);
    button.addEventListener("click", act);
    return make("p", { class: "tools" }, button);
  };

  // Boxes that scroll are stops of the keyboard; those that do not need not be.
  function stops() {
    document.querySelectorAll(".scroll, .formula, figure").forEach((box) => {
      const wide = box.scrollWidth > box.clientWidth;
      box.classList.toggle("wide", wide);
      if (wide) box.tabIndex = 0; else box.removeAttribute("tabindex");
    });
  }

  // What is folded opens for whom a link leads there, and its boxes are measured then.
  function reveal() {
    const [name, state] = address();
    const target = document.getElementById(name);
    let folded = target && target.closest("details:not([open])");
    if (!target || (!folded && !state)) return;
    for (; folded; folded = target.closest("details:not([open])")) folded.open = true;
    target.scrollIntoView();
  }

  if (!matchMedia("(min-width: 80rem)").matches) document.querySelector("nav details").open = false;
  document.querySelectorAll(".explorer").forEach((place) => explore(place, place.dataset.endpoint));
  document.querySelectorAll(".scroll > table").forEach((table) => {
    const name = (table.id || table.parentElement.id || "table").replace(/^tbl-/, "") + ".csv";
    const before = csv(table);
    sortable(table);
    table.parentElement.after(download("Table as CSV", name, () => save(name, "\ufeff" + before, "text/csv")));
  });
  stops();
  addEventListener("resize", stops);
  addEventListener("toggle", stops, true);
  addEventListener("hashchange", reveal);
  reveal();
  document.querySelectorAll("figure").forEach((figure) => {
    const name = (figure.id || "figure").replace(/^fig-/, "") + ".svg", drawn = figure.querySelector("svg");
    const text = () => new XMLSerializer().serializeToString(drawn);
    figure.append(download("Figure as SVG", name, () => save(name, text(), "image/svg+xml")));
  });
})();
