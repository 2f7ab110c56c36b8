/* The calculator's form: reads the fields, says what is not allowed, shows the answer and the plot. */
(function () {
  "use strict";
  const book = (window.whichDt = window.whichDt || {});

  /* Name, label, unit, default, and what is allowed. */
  const positive = { test: (x) => x > 0, says: "a number above 0" };
  const any = { test: () => true, says: "a number" };
  const notNegative = { test: (x) => x >= 0, says: "0 or a number above it" };
  const UNITS = {
    physical: [
      ["C_m", "capacitance", "pF", 250, positive],
      ["tau_m", "membrane time constant", "ms", 10, positive],
      ["tau_syn", "synaptic time constant", "ms", 2, positive],
      ["V_th", "threshold", "mV", -50, any],
      ["V_reset", "reset", "mV", -65, any],
      ["E_L", "resting potential", "mV", -65, any],
      ["I_e", "mean current", "pA", 330, any],
      ["noise_sd", "sd of the synaptic current", "pA", 100, notNegative],
    ],
    dimensionless: [
      ["g", "leak g", "", 1, positive],
      ["tau", "synaptic time constant τ", "", 0.5, positive],
      ["v_th", "threshold", "", 1, any],
      ["v_reset", "reset", "", 0, any],
      ["mu", "mean current μ", "", 1.5, any],
      ["sigma", "noise σ", "", 0.3, notNegative],
    ],
  };
  const ASKED = [
    ["dt", "your step dt", "", 0.1, positive],
    ["tolerance", "tolerance of the rate", "%", 1, { test: (x) => x > 0 && x < 100, says: "a number between 0 and 100" }],
  ];

  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

  /* A neuron from the fields: {neuron, time, errors}; time is the unit of its time in ms or 1. */
  function read(kind, text) {
    const values = {}, errors = {}, warnings = [];
    for (const [name, , unit, , allowed] of [...UNITS[kind], ...ASKED]) {
      const said = String(text[name] ?? "").trim().replace("\u2212", "-"); /* as this page prints it */
      const value = NUMBER.test(said) ? Number(said) : NaN;
      if (!Number.isFinite(value) || !allowed.test(value))
        errors[name] = `allowed: ${allowed.says}${unit ? `, in ${unit}` : ""}` +
          (said.includes(",") ? ", with a decimal point" : "");
      values[name] = value;
    }
    const [th, reset] = kind === "physical" ? ["V_th", "V_reset"] : ["v_th", "v_reset"];
    if (!errors[th] && !errors[reset] && values[reset] >= values[th])
      errors[reset] = `allowed: below the threshold, ${values[th]}`;
    if (Object.keys(errors).length) return { values, errors, warnings };
    if (kind === "dimensionless") {
      if (values.v_th <= 0) warnings.push("the threshold is not above 0, where V rests: the neuron fires without any input");
      return { values, errors, warnings, time: 1, neuron: { ...values } };
    }
    if (values.V_th - values.V_reset < 1)
      warnings.push(`V_th is ${Number((values.V_th - values.V_reset).toPrecision(3))} mV above V_reset: was another unit meant?`);
    for (const name of ["tau_m", "tau_syn"])
      if (values[name] < 0.1 || values[name] > 1000)
        warnings.push(`${name} = ${values[name]} ms: was another unit meant?`);
    const rheobase = (values.C_m * (values.V_th - values.E_L)) / values.tau_m;
    const tau = values.tau_syn / values.tau_m;
    const neuron = {
      g: 1,
      v_th: values.V_th - values.E_L,
      v_reset: values.V_reset - values.E_L,
      tau,
      mu: (values.I_e * values.tau_m) / values.C_m,
      sigma: ((values.noise_sd * values.tau_m) / values.C_m) * Math.sqrt(2 / tau),
    };
    if (rheobase <= 0)
      warnings.push("E_L is not below V_th: the neuron fires without any input; was a sign lost?");
    return { values, errors, warnings, time: values.tau_m, neuron };
  }

  /* What is known of a neuron at a step and a tolerance: numbers only, in the units of the fields. */
  function answer({ neuron, time, values }) {
    if (neuron.sigma === 0 && neuron.mu <= neuron.g * neuron.v_th)
      return { silent: true, refused: "without noise the mean current does not reach the threshold: no spikes" };
    const beyond = neuron.sigma === 0 ? "" : book.outside(neuron);
    if (beyond) return { refused: beyond };
    const h = values.dt / time, tolerance = values.tolerance / 100;
    const schemes = {};
    for (const scheme of ["euler", "exponential"]) {
      const errors = new book.Errors(neuron, scheme);
      if (errors.silent) return { silent: true, refused: "the neuron is all but silent: below a spike in a million membrane times" };
      const found = errors.step(tolerance);
      schemes[scheme] = { errors, step: found.h * time, limit: found.limit, known: h <= errors.top * (1 + 1e-9) };
      if (schemes[scheme].known) {
        schemes[scheme].error = errors.smooth(h);
        schemes[scheme].unsure = errors.uncertainty(h);
        schemes[scheme].jump = errors.locking(h);
      }
    }
    const { errors } = schemes.euler;
    const partsAt = (x) => Object.fromEntries(["current", "membrane", "reset"].map((name) => [name, errors.smooth(x, { [name]: true })]));
    const lucky = (x) => neuron.sigma > 0 && Math.abs(errors.smooth(x)) < book.tables.constants.LUCK * Math.max(...Object.values(partsAt(x)).map(Math.abs));
    const parts = schemes.euler.known && neuron.sigma > 0 ? partsAt(h) : {};
    const steps = [[h, "dt", schemes.euler.known], [schemes.euler.step / time, "the step for your tolerance", schemes.euler.step > 0]];
    const lambda = neuron.sigma === 0 ? 0 : book.exponent(neuron);
    return {
      rate: errors.exact / time, schemes, parts,
      lucky: steps.filter(([x, , known]) => known && lucky(x)).map(([, name]) => name),
      memory: -lambda > book.tables.errors.exponent * 3 * neuron.g ? time / -lambda : Infinity,
      longest: time / (3 * book.tables.errors.exponent * neuron.g),
    };
  }

  book.read = read;
  book.answer = answer;

  /* ---------------------------------------------------------------- what is shown */

  const digits = (x, n = 3) => (x === 0 ? "0" : Number(x.toPrecision(n)).toString());
  const percent = (x) => {
    const size = Math.abs(100 * x);
    return `${x < 0 ? "−" : "+"}${size.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 3)} %`;
  };

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function field([name, label, unit, value], change) {
    const id = `calculator-${name}`;
    const input = element("input", {
      id, name, value, type: "text", inputmode: "decimal", autocomplete: "off", "aria-describedby": `${id}-error`,
    });
    input.addEventListener("input", change);
    return element("div", { class: "field" },
      element("label", { for: id }, label, element("span", { class: "unit" }, unit ? ` ${unit}` : "")),
      input,
      element("span", { id: `${id}-error`, class: "error" }));
  }

  function start(box) {
    let kind = "physical";
    const typed = { physical: {}, dimensionless: {} }; /* so that a look at the other units loses nothing */
    const form = element("form", { "aria-label": "Calculator: which dt?" });
    const shown = element("div", { class: "answer", "aria-live": "polite" });
    const plot = element("div", { class: "plot", role: "img" });
    form.addEventListener("submit", (event) => event.preventDefault());
    let timer = 0;
    const change = () => { clearTimeout(timer); timer = setTimeout(update, 120); };

    function build() {
      const kinds = element("fieldset", { class: "kinds" }, element("legend", {}, "Your neuron"));
      for (const [name, label] of [["physical", "in mV, ms, pA"], ["dimensionless", "without units"]]) {
        const radio = element("input", { type: "radio", name: "kind", id: `calculator-kind-${name}`, value: name });
        radio.checked = name === kind;
        radio.addEventListener("change", () => { kind = name; build(); update(); form.querySelector(`#calculator-kind-${name}`).focus(); });
        kinds.append(element("span", {}, radio, element("label", { for: `calculator-kind-${name}` }, label)));
      }
      const asked = ASKED.map(([name, label, unit, value, allowed]) =>
        [name, label, name === "dt" && kind === "physical" ? "ms" : unit, name === "dt" && kind !== "physical" ? 0.05 : value, allowed]);
      const kept = (one) => [...one.slice(0, 3), typed[kind][one[0]] ?? one[3], one[4]];
      form.replaceChildren(kinds,
        element("div", { class: "fields" }, ...UNITS[kind].map((one) => field(kept(one), change))),
        element("div", { class: "fields asked" }, ...asked.map((one) => field(kept(one), change))));
    }

    function update() {
      const text = Object.fromEntries([...form.querySelectorAll("input[type=text]")].map((input) => [input.name, input.value]));
      typed[kind] = text;
      const question = read(kind, text);
      for (const input of form.querySelectorAll("input[type=text]")) {
        const error = question.errors[input.name] ?? "";
        input.setAttribute("aria-invalid", error !== "");
        form.querySelector(`#${input.id}-error`).textContent = error;
      }
      if (!question.neuron) {
        shown.replaceChildren(element("p", {}, "No answer yet: a field holds what is not allowed; it says what is."));
        draw(plot, null);
        return;
      }
      show(shown, kind, question, answer(question), plot);
    }

    box.replaceChildren(form, shown, plot);
    build();
    update();
    new MutationObserver(update).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    window.addEventListener("resize", change);
  }

  /* The command that answers the same question, and what the tables leave out. */
  function command(kind, { values }) {
    const options = UNITS[kind].map(([name]) => `--${name.replace("_", "-")} ${values[name]}`).join(" ");
    return `python -m lifcore advise ${options}`;
  }

  function show(box, kind, question, found, plot) {
    const { values, warnings } = question;
    const ms = kind === "physical" ? " ms" : "";
    const lines = warnings.map((warning) => element("p", { class: "warning" }, warning));
    const code = (text) => element("code", {}, text);
    const ask = element("p", { class: "command" }, "Without a refractory time (the command takes ", code("--t-ref"), "). From the equations themselves: ",
      code(`${command(kind, question)} --rate-error ${values.tolerance}%`), "; in place of the tolerance, ",
      code(`--at ${values.dt}`), " asks how wrong that step is, and ", code("--spike-time-error"), ", ",
      code("--state-error"), ", ", code("--count-error"), " ask of spike times, of V and of histories.");
    if (found.refused) {
      const refusal = (text) => element("p", { class: "refused" }, text);
      if (found.silent) box.replaceChildren(...lines, refusal(`No answer: ${found.refused}.`));
      else box.replaceChildren(...lines, refusal(`No answer from the tables: ${found.refused}. Ask the library:`), ask);
      draw(plot, null);
      return;
    }
    const rate = kind === "physical" ? `${digits(1000 * found.rate)} Hz` : digits(found.rate);
    const rows = [["rate", `${rate}, a spike every ${digits(1 / found.rate)}${ms}`]];
    const names = { euler: "Euler", exponential: "exponential Euler (exact propagator on the grid)" };
    for (const [scheme, label] of Object.entries(names)) {
      const { error, unsure, jump, known, step, limit, errors } = found.schemes[scheme];
      const top = errors.top * question.time;
      rows.push([`${label}: error of the rate at dt = ${values.dt}${ms}`, known
        ? `${percent(error)} ± ${percent(2 * unsure).slice(1)} (95 %)` + (jump > unsure ? `, and jumps of ± ${percent(jump).slice(1)} where spikes lock to the grid` : "")
        : `not known beyond dt = ${digits(top)}${ms}, half of the shortest time scale`]);
      rows.push([`${label}: step for ${values.tolerance} %`, step > 0
        ? `${digits(step)}${ms}, limited by ${limit}`
        : "below what the tables resolve: ask the library"]);
    }
    if (found.lucky.length)
      rows.push(["beware", `Euler's error is small by luck at ${found.lucky.join(" and at ")}: large parts cancel. No safe choice for another quantity, or for another neuron`]);
    if (found.parts.current !== undefined) {
      const parts = Object.entries(found.parts).map(([name, part]) => `${name === "reset" ? "late resets" : name} ${percent(part)}`);
      rows.push(["Euler's error is made of", parts.join(", ")]);
    }
    rows.push(["a spike is found late by", `${digits(values.dt / 2)}${ms} on average, evenly from 0 to dt, beside what the error of V shifts it; a simulator that stamps the step's start shows it early by as much`]);
    rows.push(["memory 1/|λ|", Number.isFinite(found.memory) ? `${digits(found.memory)}${ms}` : question.neuron.sigma === 0 ? "endless: without noise nothing is forgotten" : `longer than ${digits(found.longest, 2)}${ms}: a nearly constant drive forgets nothing`]);
    const body = element("tbody", {}, ...rows.map(([name, value]) =>
      element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))));
    box.replaceChildren(...lines, element("table", {}, element("caption", {}, "Answer"), body), ask);
    draw(plot, { kind, question, found });
  }

  /* ---------------------------------------------------------------- the plot */

  function draw(box, what) {
    box.replaceChildren();
    box.hidden = !what;
    if (!what) return;
    const { question: { time, values }, found } = what;
    const { euler, exponential } = found.schemes;
    const top = Math.max(euler.errors.top, exponential.errors.top), points = 60;
    const h = Array.from({ length: points + 1 }, (_, k) => top * Math.pow(64, k / points - 1));
    const line = ({ errors }) => h.map((x) => (x <= errors.top * (1 + 1e-9)
      ? Math.max(1e-6, 100 * (Math.abs(errors.smooth(x)) + errors.locking(x))) : null));
    const data = [h.map((x) => x * time), line(euler), line(exponential), h.map(() => values.tolerance)];
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--pst-color-text-base") || "#222";
    const faint = style.getPropertyValue("--pst-color-border") || "#ccc";
    const dark = document.documentElement.dataset.theme === "dark";
    const plain = (u, ticks) => ticks.map((x) => (x === null ? "" : digits(x, 2)));
    const axis = { stroke: ink, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint, width: 1 }, values: plain };
    const unit = what.kind === "physical" ? ", ms" : "";
    const colours = dark ? ["#6cb6ff", "#ffb454"] : ["#0b57c4", "#a65300"];
    new window.uPlot({
      width: Math.max(260, Math.min(box.clientWidth || 600, 640)), height: 280,
      scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
      axes: [{ ...axis, label: `step${unit}` }, { ...axis, label: "error of the rate, %", size: 60 }],
      series: [
        { label: `step${unit}`, value: (u, x) => (x == null ? "–" : digits(x)) },
        { label: "Euler, %", stroke: colours[0], width: 2, value: (u, x) => (x == null ? "–" : digits(x, 2)) },
        { label: "exponential, %", stroke: colours[1], width: 2, dash: [8, 4], value: (u, x) => (x == null ? "–" : digits(x, 2)) },
        { label: "tolerance, %", stroke: ink, width: 1, dash: [2, 4], value: (u, x) => (x == null ? "–" : digits(x, 2)) },
      ],
      hooks: { draw: [(u) => mark(u, values.dt, ink)] },
    }, data, box);
    box.setAttribute("aria-label", "The size of the rate's error against the step, on logarithmic scales, for Euler " +
      `and the exponential scheme, from ${digits(h[0] * time)} to ${digits(top * time)}; the numbers are in the table above.`);
  }

  /* A vertical line at the reader's own step. */
  function mark(u, dt, ink) {
    const x = u.valToPos(dt, "x", true);
    if (!(x >= u.bbox.left && x <= u.bbox.left + u.bbox.width)) return;
    u.ctx.save();
    u.ctx.strokeStyle = u.ctx.fillStyle = ink;
    u.ctx.setLineDash([1, 3]);
    u.ctx.beginPath();
    u.ctx.moveTo(x, u.bbox.top);
    u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
    u.ctx.stroke();
    u.ctx.fillText("your dt", x + 4, u.bbox.top + 12 * window.devicePixelRatio);
    u.ctx.restore();
  }

  if (typeof document !== "undefined")
    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".calculator").forEach(start));
})();
