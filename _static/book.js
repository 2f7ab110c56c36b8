"use strict";

// Paper is white, whatever mode the page is read in, and what is folded is printed too.
(() => {
  let mode = null;
  let folded = [];
  window.addEventListener("beforeprint", () => {
    mode = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((details) => (details.open = true));
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.dataset.theme = mode;
    folded.forEach((details) => (details.open = false));
  });
})();

// What the theme's buttons are called is what stands on them; its arrows have a name too.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("button.search-button-field").forEach((button) => {
    button.removeAttribute("aria-label");
  });
  document.querySelectorAll("button.theme-switch-button").forEach((button) => {
    button.setAttribute("aria-label", "Color mode: Light, Dark, System Settings");
  });
  document.querySelectorAll("summary:has(> .toctree-toggle)").forEach((arrow) => {
    const page = arrow.closest("li")?.querySelector("a")?.textContent.trim();
    arrow.setAttribute("aria-label", `Pages of ${page}`);
  });
});

// Search excerpts come from the pages' HTML, where formulas are TeX: short ones are written as
// plain text, long ones as an ellipsis; neither code cells nor what is around the article is quoted.
(() => {
  const SIGNS = {
    alpha: "α", beta: "β", gamma: "γ", delta: "δ", varepsilon: "ε", epsilon: "ε", theta: "θ",
    kappa: "κ", lambda: "λ", mu: "μ", nu: "ν", pi: "π", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ",
    varphi: "φ", psi: "ψ", omega: "ω", eta: "η", xi: "ξ", chi: "χ", Delta: "Δ", Phi: "Φ", Gamma: "Γ",
    Lambda: "Λ", Sigma: "Σ", infty: "∞", le: "≤", leq: "≤", ge: "≥", geq: "≥", ne: "≠", to: "→",
    approx: "≈", sim: "~", times: "×", cdot: "·", pm: "±", ldots: "…", dots: "…", log: "log",
    exp: "exp", max: "max", min: "min", sup: "sup", quad: " ", ll: "≪", gg: "≫", ell: "ℓ",
    sqrt: "√", propto: "∝", partial: "∂", mid: "|", in: "∈", prime: "′", Vert: "‖", vert: "|",
  };

  const plain = (tex) => {
    const text = tex
      .replace(/^\\[([]|\\[)\]]$/g, "")
      .replace(/\\[,;:! ]/g, " ")
      .replace(/\\[td]?frac\s*(\d)\s*(\d)/g, "$1/$2")
      .replace(/\\[td]?frac\{([^{}]*)\}\{([^{}]*)\}/g, "($1)/($2)")
      .replace(/\\(?:mathrm|mathbb|mathcal|text|operatorname|textstyle|left|right|big|bigl|bigr)\b/g, "")
      .replace(/\\([A-Za-z]+)/g, (command, name) => SIGNS[name] ?? command)
      .replace(/\^\{([^{}]{2,})\}/g, "^($1)")
      .replace(/[{}]/g, "")
      .replace(/\s+/g, " ")
      .trim();
    return /\\|&/.test(text) || text.length > 40 ? "…" : text;
  };

  const toText = (html, anchor) => {
    const article = new DOMParser().parseFromString(html, "text/html").querySelector("article");
    if (!article) return "";
    article
      .querySelectorAll(".headerlink, .first-lines, .eqno, script, style, summary, .sig, .cell_input")
      .forEach((element) => element.remove());
    article
      .querySelectorAll(".math")
      .forEach((element) => element.replaceWith(plain(element.textContent.trim())));
    const part = anchor ? article.querySelector(`[id="${anchor.slice(1)}"]`) : null;
    return (part ?? article).textContent.replace(/\s+/g, " ");
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (typeof Search !== "undefined") Search.htmlToText = toText;
  });
})();
