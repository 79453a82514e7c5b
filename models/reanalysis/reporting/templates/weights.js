"use strict";
// Net benefit at weights of the reader's own, from the posterior of each log odds ratio. The table beside it says the
// same at the declared weights without this script. The posteriors are exact at their nodes, quantiles at normal
// deviates a step apart; a sum is a convolution, averaged over the common factor of a Gaussian copula where the effects
// are correlated, as in decisions/weighted_sum.py.
(function () {
  const CELLS = 4096, MINUS = "\u2212", SPACE = "\u00a0";
  const logit = (p) => Math.log(p / (1 - p));
  const expit = (x) => 1 / (1 + Math.exp(-x));

  // ---- arithmetic ---------------------------------------------------------------------------------------------------
  function ndtr(z) {
    if (z < -8) return 0;
    if (z > 8) return 1;
    let sum = z, last = 0, term = z;
    for (let i = 3; sum !== last; i += 2) { last = sum; term *= z * z / i; sum += term; }
    return 0.5 + sum * Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  }

  // Values at normal deviates, and the deviate of a value: a cubic between nodes, through the neighbours' slopes.
  function posterior(nodes, from, step) {
    const last = nodes.length - 1;
    const slope = (i) => i === 0 ? nodes[1] - nodes[0] : i === last ? nodes[last] - nodes[last - 1] : (nodes[i + 1] - nodes[i - 1]) / 2;
    function at(i, t) {
      const rise = nodes[i + 1] - nodes[i], m0 = slope(i), m1 = slope(i + 1);
      return nodes[i] + t * (m0 + t * (3 * rise - 2 * m0 - m1 + t * (m0 + m1 - 2 * rise)));
    }
    function deviate(x) {
      if (x <= nodes[0]) return -Infinity;
      if (x >= nodes[last]) return Infinity;
      let low = 0, high = last;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (nodes[middle] <= x) low = middle; else high = middle;
      }
      let a = 0, b = 1;
      for (let k = 0; k < 40; k++) {
        const t = (a + b) / 2;
        if (at(low, t) <= x) a = t; else b = t;
      }
      return from + step * (low + (a + b) / 2);
    }
    return { least: nodes[0], most: nodes[last], deviate };
  }

  // Of CELLS values, in place, by powers of 2.
  const COS = Float64Array.from({ length: CELLS / 2 }, (_, k) => Math.cos(2 * Math.PI * k / CELLS));
  const SIN = Float64Array.from({ length: CELLS / 2 }, (_, k) => Math.sin(2 * Math.PI * k / CELLS));
  function transform(re, im, inverse) {
    const n = CELLS;
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
    }
    for (let size = 2; size <= n; size *= 2) {
      const half = size / 2, apart = CELLS / size;
      for (let k = 0; k < half; k++) {
        const c = COS[k * apart], s = inverse ? SIN[k * apart] : -SIN[k * apart];
        for (let i = k; i < n; i += size) {
          const j = i + half, x = re[j] * c - im[j] * s, y = re[j] * s + im[j] * c;
          re[j] = re[i] - x; im[j] = im[i] - y; re[i] += x; im[i] += y;
        }
      }
    }
  }

  // Values of the common factor with their shares; one where nothing is correlated.
  function factors(correlation) {
    if (correlation === 0) return [[0, 1]];
    const step = Math.min(0.5, 0.5 * Math.sqrt((1 - correlation) / correlation)), count = Math.ceil(7 / step);
    const found = [];
    for (let i = -count; i <= count; i++) found.push([i * step, Math.exp(-0.5 * (i * step) ** 2)]);
    const sum = found.reduce((all, [, share]) => all + share, 0);
    return found.map(([at, share]) => [at, share / sum]);
  }

  // Net benefit per patient, null where every weight is 0.
  function netBenefit(data, weights, risks, correlation) {
    const parts = data.endpoints.map((one, e) => {
      const effect = posterior(one.nodes, data.from, data.step), risk = risks[e];
      const ends = [effect.least, effect.most].map((x) => -weights[e] * (expit(logit(risk) + x) - risk)).sort((a, b) => a - b);
      return { effect, risk, weight: weights[e], low: ends[0], high: ends[1] };
    }).filter((part) => part.weight !== 0);
    if (!parts.length) return null;
    const step = parts.reduce((all, part) => all + part.high - part.low, 0) / (CELLS - 2 * parts.length);
    for (const part of parts) {
      const count = Math.max(1, Math.ceil((part.high - part.low) / step));
      part.deviates = Array.from({ length: count + 1 }, (_, i) => {
        const moved = part.risk - (part.low + i * step) / part.weight;
        if (moved <= 0) return -Infinity;
        if (moved >= 1) return Infinity;
        return part.effect.deviate(logit(moved) - logit(part.risk));
      });
    }
    const re = new Float64Array(CELLS), im = new Float64Array(CELLS), narrow = Math.sqrt(1 - correlation);
    for (const [factor, share] of factors(correlation)) {
      const productRe = new Float64Array(CELLS).fill(share), productIm = new Float64Array(CELLS);
      for (const { deviates } of parts) {
        const a = new Float64Array(CELLS), b = new Float64Array(CELLS);
        const below = deviates.map((z) => ndtr((z - Math.sqrt(correlation) * factor) / narrow));
        for (let i = 1; i < below.length; i++) a[i - 1] = Math.abs(below[i] - below[i - 1]);
        transform(a, b, false);
        for (let i = 0; i < CELLS; i++) {
          const x = productRe[i] * a[i] - productIm[i] * b[i];
          productIm[i] = productRe[i] * b[i] + productIm[i] * a[i];
          productRe[i] = x;
        }
      }
      for (let i = 0; i < CELLS; i++) { re[i] += productRe[i]; im[i] += productIm[i]; }
    }
    transform(re, im, true);
    const mass = re.map((value) => Math.max(value, 0)), total = mass.reduce((a, b) => a + b, 0);
    // a sum of cells' centres is spread over the cell around it
    const first = parts.reduce((all, part) => all + part.low, 0) + 0.5 * step * (parts.length - 1);
    const reached = new Float64Array(CELLS + 1);
    let mean = 0;
    for (let i = 0; i < CELLS; i++) {
      reached[i + 1] = reached[i] + mass[i] / total;
      mean += (first + (i + 0.5) * step) * mass[i] / total;
    }
    function quantile(p) {
      let low = 0, high = CELLS;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (reached[middle] <= p) low = middle; else high = middle;
      }
      return first + step * (low + (p - reached[low]) / (reached[high] - reached[low]));
    }
    const zero = Math.min(Math.max(-first / step, 0), CELLS), cell = Math.min(Math.floor(zero), CELLS - 1);
    const below = reached[cell] + (zero - cell) * (reached[cell + 1] - reached[cell]);
    return { mean, median: quantile(0.5), lower: quantile(0.025), upper: quantile(0.975), better: 1 - below };
  }

  // ---- words --------------------------------------------------------------------------------------------------------
  function percent(p) {
    const value = 100 * p;
    if (value > 0 && value <= 0.05) return "<0.1" + SPACE + "%";
    if (value >= 99.95 && value < 100) return ">99.9" + SPACE + "%";
    return value.toFixed(1) + SPACE + "%";
  }
  function perHundred(value) {
    const text = (100 * value).toFixed(1);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", MINUS);
  }

  if (typeof document === "undefined") { module.exports = { netBenefit, percent, perHundred }; return; }

  // ---- controls -----------------------------------------------------------------------------------------------------
  const data = JSON.parse(document.getElementById("weights-data").textContent);
  const place = document.querySelector(".weights");
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const widest = 2 * Math.max(...data.endpoints.map((one) => Math.abs(one.weight)));
  const weights = data.endpoints.map((one) => one.weight);
  const told = make("output", { class: "told", "aria-live": "polite", "aria-atomic": "true" });
  const rows = data.endpoints.map((one, e) => {
    const sign = Math.sign(one.weight), size = Math.abs(one.weight);
    const slider = make("input", { type: "range", id: `weight-${e}`, min: 0, max: widest, step: widest / 200, value: size });
    const exact = make("input", { type: "number", min: 0, max: 1e6, step: "any", value: size, "aria-label": `Weight of ${one.label}, as a number` });
    function set(value, from) {
      if (!(value >= 0 && value <= 1e6)) return;
      weights[e] = sign * value;
      if (from !== slider) slider.value = value;
      if (from !== exact) exact.value = value;
      slider.setAttribute("aria-valuetext", String(value));
      update();
    }
    slider.addEventListener("input", () => set(Number(slider.value), slider));
    exact.addEventListener("input", () => { if (exact.value !== "") set(Number(exact.value), exact); });
    const does = sign > 0 ? "one event more counts against" : "one event more counts for";
    return { set, size, box: make("p", {}, make("label", { for: slider.id }, `${one.label}: ${does} ${data.treated}`), slider, exact) };
  });
  const baseline = make("select", { id: "weights-baseline" });
  data.baselines.forEach((one, i) => baseline.append(make("option", { value: i }, one.label)));
  const correlation = make("select", { id: "weights-correlation" });
  data.correlations.forEach((r) => correlation.append(make("option", { value: r }, r === 0 ? "independent" : `correlated by ${r}`)));
  const declared = make("button", { type: "button" }, "Declared weights");
  function update() {
    const found = netBenefit(data, weights, data.baselines[Number(baseline.value)].risks, Number(correlation.value));
    if (!found) { told.replaceChildren(make("p", {}, "At least one weight must differ from 0.")); return; }
    const lines = [
      [`${data.treated} is better`, percent(found.better)],
      ["Net benefit per 100 (95 % interval)", `${perHundred(found.median)} (${perHundred(found.lower)} to ${perHundred(found.upper)})`],
      ["Mean", perHundred(found.mean)]];
    told.replaceChildren(make("dl", {}, ...lines.map(([name, text]) =>
      make("div", { "data-name": name }, make("dt", {}, name), make("dd", {}, text)))));
  }
  baseline.addEventListener("change", update);
  correlation.addEventListener("change", update);
  declared.addEventListener("click", () => rows.forEach((row) => row.set(row.size, null)));
  const field = (label, input) => make("p", {}, make("label", { for: input.id }, label), input);
  place.append(make("fieldset", {},
    make("legend", {}, "Try other weights"),
    make("div", { class: "controls" }, ...rows.map((row) => row.box), field("Control risks of", baseline), field("Effects are", correlation)),
    declared, told));
  update();
})();
