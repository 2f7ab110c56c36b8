/* The rates of a leaky integrate-and-fire neuron, exact and at step h, from tables.

   The same formulas as lifcore.advice: a neuron's rate depends on three numbers, and a scheme's rate is
   the exact one of a changed neuron with late resets. tools/calculator_tables.py fills the tables.
   A neuron is {g, v_th, v_reset, tau, mu, sigma}, in any consistent units. */
(function () {
  "use strict";
  const book = (window.whichDt = window.whichDt || {});

  /* The library's own constants, which tools/calculator.py writes beside the tables. */
  const its = (name) => book.tables.constants[name];

  /* Clenshaw's recurrence for a sum of Chebyshev polynomials. */
  function clenshaw(c, x) {
    let b1 = 0, b2 = 0;
    for (let k = c.length - 1; k > 0; k--) [b1, b2] = [c[k] + 2 * x * b1 - b2, b1];
    return c[0] + x * b1 - b2;
  }

  function interpolate(table, coordinates) {
    if (coordinates.length === 0) return table;
    const rest = coordinates.slice(1);
    return clenshaw(table.map((part) => interpolate(part, rest)), coordinates[0]);
  }

  function logarithmic([low, high], value) {
    return (2 * Math.log(value / low)) / Math.log(high / low) - 1;
  }

  const current = (n) => (0.5 * n.sigma * n.sigma * n.tau); /* variance of I */
  const spread = (n) => Math.sqrt(current(n) / (n.g * (n.g + 1 / n.tau))); /* sd of V, no threshold */

  /* What the rate in membrane times depends on. */
  function reduced(n) {
    const sd = spread(n);
    return {
      time: n.g * n.tau,
      distance: (n.v_th - n.mu / n.g) / sd,
      drop: (n.v_th - n.v_reset) / sd,
    };
  }

  function coordinates({ time, distance, drop }) {
    const t = book.tables;
    const low = Math.asinh(-t.below * drop), high = Math.asinh(t.above);
    return [
      logarithmic(t.times, time),
      (2 * (Math.asinh(distance) - low)) / (high - low) - 1,
      logarithmic(t.drops, drop),
    ];
  }

  /* Why the tables say nothing of a neuron, or nothing. */
  function outside(n) {
    const r = book.tables.range, { time, distance, drop } = reduced(n);
    const ratio = -distance / drop;
    if (time < r.time[0] || time > r.time[1])
      return `tau_syn / tau_m = ${time.toPrecision(3)}; the tables hold ${r.time[0]} to ${r.time[1]}`;
    if (drop < r.drop[0] || drop > r.drop[1])
      return `V_th - V_reset is ${drop.toPrecision(3)} standard deviations of V; the tables hold ` +
        `${r.drop[0]} to ${r.drop[1]}`;
    if (distance > r.above)
      return `the threshold is ${distance.toPrecision(3)} standard deviations above the mean of V; ` +
        `the tables hold up to ${r.above}: beyond, the neuron is all but silent`;
    if (ratio > r.below)
      return `the mean of V is ${ratio.toPrecision(3)} times V_th - V_reset above threshold; ` +
        `the tables hold up to ${r.below}`;
    return "";
  }

  /* Spikes per unit time if resets are late; exact at 0. */
  function rate(n, late = 0) {
    const at = reduced(n), x = coordinates(at), t = book.tables;
    const log = interpolate(t.rate, x);
    if (late === 0) return n.g * Math.exp(log);
    const lateness = late * n.g * (1 + 1 / at.time + Math.exp(log));
    const slope = interpolate(t.late, [...x, (2 * lateness) / t.latest - 1]);
    return n.g * Math.exp(log + slope * lateness);
  }

  const exponent = (n) => Math.min(0, n.g * interpolate(book.tables.exponent, coordinates(reduced(n))));

  /* The neuron whose exact current has the law of Euler's. */
  function eulerLaw(n, h) {
    const tau = -h / Math.log1p(-h / n.tau);
    const variance = current(n) / (1 - (0.5 * h) / n.tau);
    return { ...n, tau, sigma: Math.sqrt((2 * variance) / tau) };
  }

  /* The neuron whose membrane, fed by a constant current, moves as Euler's does. */
  function charged(n, h) {
    const leak = -Math.log1p(-n.g * h) / h, scale = leak / n.g;
    return { ...n, g: leak, v_th: n.v_th / scale, v_reset: n.v_reset / scale };
  }

  const speed = (n) => n.mu - n.g * n.v_th; /* of V at threshold, at the mean current */
  const neverRests = (n) => speed(n) >= its("NEVER_RESTS") * Math.sqrt(current(n));
  const period = (n) => Math.log1p((n.g * (n.v_th - n.v_reset)) / speed(n)) / n.g;

  /* Standard deviation of an interval of a neuron whose drive never rests. */
  function timingSpread(n) {
    const a = 1 / n.tau, end = period(n), near = Math.abs(n.g - a) < 1e-6 * n.g;
    const kernel = (t) => near ? t * Math.exp(-n.g * t)
      : (-Math.exp(-a * t) * Math.expm1(-(n.g - a) * t)) / (n.g - a);
    let sum = 0;
    const parts = 2000;
    for (let k = 0; k < parts; k++) sum += kernel((end * (k + 0.5)) / parts) ** 2;
    const variance = (n.sigma * n.sigma * sum * end) / parts + kernel(end) ** 2 * current(n);
    return Math.sqrt(variance) / speed(n);
  }

  /* How much rarer slow crossings are where the drive seldom rests. */
  const rare = (n) => Math.exp(-0.5 * Math.max(0, speed(n) / Math.sqrt(current(n))) ** 2);

  /* The error of a scheme as a function of its step: lifcore.advice.rates.RateErrors. */
  class Errors {
    constructor(n, scheme) {
      this.n = n;
      this.scheme = scheme;
      this.still = n.sigma === 0;
      this.exact = this.still ? (speed(n) > 0 ? 1 / period(n) : 0) : rate(n);
      const fastest = this.still ? (scheme === "euler" ? n.g : 0) : Math.max(n.g, 1 / n.tau);
      this.top = Math.min(0.5 / fastest, 0.5 / this.exact);
      this.spread = !this.still && neverRests(n) ? timingSpread(n) : 0;
    }

    get silent() {
      return !(this.exact >= its("SILENT") * this.n.g);
    }

    /* The relative error with resets late by h/2, as if spikes did not lock to the grid. */
    smooth(h, parts = { current: true, membrane: true, reset: true }) {
      let n = this.n;
      const late = parts.reset ? 0.5 * h : 0;
      if (this.still) {
        const fade = this.scheme === "euler" ? 1 - n.g * h : Math.exp(-n.g * h);
        const steps = Math.log1p((n.g * (n.v_th - n.v_reset)) / speed(n)) / -Math.log(fade);
        return 1 / (h * (steps + (parts.reset ? 0.5 : 0))) / this.exact - 1;
      }
      if (this.scheme === "euler") {
        if (parts.current) n = eulerLaw(n, h);
        if (parts.membrane) n = charged(n, h);
      }
      return rate(n, late) / this.exact - 1;
    }

    /* Half the height of the jumps of the error, where spikes lock to the grid. */
    locking(h) {
      if (this.still) return 0.5 * h * this.exact;
      if (!this.spread) return 0;
      const share = Math.exp(-2 * ((Math.PI * this.spread) / h) ** 2);
      return share < 1e-3 ? 0 : Math.min(0.5, (share / Math.PI) * 1.2) * h * this.exact;
    }

    /* Standard error of what the expansion leaves out. */
    leftOut(h) {
      const n = this.n;
      if (this.still || this.spread) return 0;
      const strip = its("STRIP") * n.sigma * h ** 1.5;
      const change = its("CURRENT") * (h / n.tau) ** 2 * spread(n);
      return ((strip + change) / (n.v_th - n.v_reset)) * rare(n) + its("LEAK") * (h * n.g) ** 2;
    }

    /* Standard error of what exponential Euler misses of excursions within a step. */
    missed(h) {
      const n = this.n;
      if (this.still || this.spread || this.scheme === "euler") return 0;
      const below = Math.max(1, (n.v_th - n.mu / n.g) / spread(n));
      return (its("MISSED") * rare(n) * n.sigma * h ** 1.5 * below) / spread(n);
    }

    /* That, and by how much the tables may be off. The library solves the scheme's own equation on the
       grid where the drive never rests, and where excursions within a step are missed; here both are
       changed neurons too, and leave out as much. */
    uncertainty(h) {
      if (this.still) return 0;
      const { small, [this.scheme]: share } = book.tables.errors;
      const off = share * (small + Math.abs(this.smooth(h)));
      return off + this.leftOut(h) + this.missed(h) + (this.spread ? its("LEAK") * (h * this.n.g) ** 2 : 0);
    }

    /* By how much the error may be off at a step and those close to it. */
    size(h) {
      const least = its("FINEST") * this.top;
      if (h < least) return (this.size(least) * h) / least;
      return Math.abs(this.smooth(h)) + this.locking(h) + this.uncertainty(h);
    }

    /* The largest step that keeps to a tolerance, as smaller ones do, and what limits it. */
    step(tolerance) {
      let top = this.top, limit = "the largest step at which the error is known";
      if (this.leftOut(top) > its("KNOWN") * tolerance) {
        let low = 0;
        limit = "how well the error is known at larger steps";
        for (let k = 0; k < 40; k++) {
          const middle = 0.5 * (low + top);
          if (this.leftOut(middle) < its("KNOWN") * tolerance) low = middle;
          else top = middle;
        }
      }
      const h = largestStep((x) => this.size(x), top, tolerance);
      return { h, limit: h >= top * (1 - 1e-9) ? limit : "the rate's error" };
    }
  }

  function largestStep(size, top, tolerance) {
    let h = top / 16, found = size(h);
    while (found > tolerance) {
      h *= Math.min(0.5, (0.9 * tolerance) / found);
      if (h < its("SMALLEST") * top) return 0;
      found = size(h);
    }
    while (h < top) {
      const low = [h, found];
      const more = (0.99 * tolerance) / Math.max(found, 0.25 * tolerance);
      h = Math.min(top, h * Math.min(2, Math.max(1.05, more)));
      found = size(h);
      if (found > tolerance) return between(size, low, [h, found], tolerance);
      if (h < top && found > (1 - its("CLOSE")) * tolerance) return h;
    }
    return top;
  }

  function between(size, low, high, tolerance) {
    for (let k = 0; k < 12; k++) {
      if (low[1] > (1 - its("CLOSE")) * tolerance || high[0] < low[0] * (1 + 0.5 * its("CLOSE"))) break;
      const share = ((1 - 0.5 * its("CLOSE")) * tolerance - low[1]) / (high[1] - low[1]);
      const h = low[0] * Math.exp(Math.min(0.9, Math.max(0.1, share)) * Math.log(high[0] / low[0]));
      const found = size(h);
      if (found > tolerance) high = [h, found];
      else low = [h, found];
    }
    return low[0];
  }

  Object.assign(book, { Errors, exponent, outside });
})();
