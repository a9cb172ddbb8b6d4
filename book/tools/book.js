// SPDX-License-Identifier: MIT
// Light or dark, contents on a phone, search. The book reads without it.
"use strict";

const root = document.documentElement;
const up = document.body.dataset.up;

document.querySelector("button.theme").addEventListener("click", () => {
	const dark = root.dataset.theme
		? root.dataset.theme === "dark"
		: matchMedia("(prefers-color-scheme: dark)").matches;
	root.dataset.theme = dark ? "light" : "dark";
	localStorage.setItem("theme", root.dataset.theme);
});

const side = document.getElementById("side");
document.querySelector("button.contents").addEventListener("click", (event) => {
	const open = side.classList.toggle("open");
	event.currentTarget.setAttribute("aria-expanded", open);
});

const input = document.querySelector("header input");
const results = document.querySelector(".results");
let index = null;

function makeIndex() {
	index = lunr(function () {
		this.ref("n");
		this.field("title", { boost: 5 });
		this.field("text");
		// A symbol is found whole and by its parts.
		this.tokenizer.separator = /[\s,.;:()]+/;
		PAGES.forEach((page, n) => this.add({
			n, title: page.title, text: page.text + " " + page.text.replace(/_/g, " "),
		}));
	});
}

function around(text, words) {
	const low = text.toLowerCase();
	const at = Math.max(0, ...words.map((word) => low.indexOf(word)));
	const from = at > 60 ? text.indexOf(" ", at - 60) + 1 : 0;
	const to = at + 110 < text.length ? text.lastIndexOf(" ", at + 110) : text.length;
	return (from ? "… " : "") + text.slice(from, to) + (to < text.length ? " …" : "");
}

function search() {
	const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
	results.hidden = !words.length;
	results.replaceChildren();
	if (!words.length)
		return;
	if (!index)
		makeIndex();
	const hits = index.query((query) => {
		for (const word of words) {
			query.term(word, { boost: 10 });
			query.term(word, { wildcard: lunr.Query.wildcard.TRAILING });
		}
	}).slice(0, 12);
	for (const hit of hits) {
		const page = PAGES[hit.ref];
		const link = document.createElement("a");
		const small = document.createElement("small");
		link.href = up + page.at;
		link.textContent = page.in ? `${page.in} \u203a ${page.title}` : page.title;
		small.textContent = around(page.text, words);
		link.append(small);
		results.append(link);
	}
	if (!hits.length) {
		const none = document.createElement("p");
		none.textContent = "Nothing is found for these words.";
		results.append(none);
	}
}

input.addEventListener("input", search);
input.form.addEventListener("submit", (event) => {
	event.preventDefault();
	results.querySelector("a")?.click();
});
document.addEventListener("keydown", (event) => {
	if (event.key === "Escape") {
		results.hidden = true;
		input.blur();
	} else if (event.key === "/" && document.activeElement !== input) {
		event.preventDefault();
		input.focus();
	}
});
document.addEventListener("click", (event) => {
	if (!results.contains(event.target) && event.target !== input)
		results.hidden = true;
});
