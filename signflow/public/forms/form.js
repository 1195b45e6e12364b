// On the page of a Web Form that is signed: Frappe's own form stays as it is, and its answers lead on to the documents.
//
// What the page says of itself travels in the answers under `__signflow`: the solved puzzle, the reader's language, who
// else signs, and on which web site the form stands.
(() => {
	const CALL = "/api/method/";
	const version = new URL(document.currentScript.src).search;
	const query = new URLSearchParams(location.search);
	const state = { texts: {}, people: [], answer: null };

	const speaks = ["fi", "sv", "en"];
	// The server has chosen it: the form's own, the address', or the browser's.
	const asked = (document.documentElement.lang || "en").slice(0, 2);
	const language = speaks.includes(asked) ? asked : "en";
	const framed = window.parent !== window;
	const t = (key) => state.texts[key] || key;

	async function call(verb, body) {
		const headers = { "Content-Type": "application/json", Accept: "application/json" };
		if (frappe.csrf_token && frappe.csrf_token !== "None") headers["X-Frappe-CSRF-Token"] = frappe.csrf_token;
		const answer = await fetch(CALL + verb, { method: "POST", headers, body: JSON.stringify({ language, ...body }) });
		const read = await answer.json().catch(() => ({}));
		if (!answer.ok || !read.message || read.message.error) {
			throw Object.assign(new Error(read.message?.error?.text || answer.statusText), { code: read.message?.error?.code });
		}
		return read.message;
	}

	/** A new element; nothing is ever parsed as HTML. */
	function el(tag, properties = {}, ...children) {
		const node = document.createElement(tag);
		for (const [name, value] of Object.entries(properties)) {
			if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
			else if (value !== null && value !== undefined) node.setAttribute(name, value);
		}
		node.append(...children.filter(Boolean));
		return node;
	}

	// ---------------------------------------------------------------- the web site around the frame

	const host = framed ? query.get("signflow_host") || "" : "";

	function tell(event, more = {}) {
		// The server has looked whether the form lists this web site.
		if (state.host) window.parent.postMessage({ source: "signflow", form: state.form, event, ...more }, state.host);
	}

	function watch_height() {
		if (!framed) return;
		let last = 0;
		// Not the body's: it is as tall as the frame at least.
		const content = document.querySelector(".web-form-container");
		const measure = () => {
			const height = Math.ceil(content.getBoundingClientRect().bottom + window.scrollY) + 24;
			if (Math.abs(height - last) > 2) tell("height", { height: (last = height) });
		};
		new ResizeObserver(measure).observe(content);
		measure();
	}

	// ---------------------------------------------------------------- the puzzle in place of a captcha

	async function solve(puzzle, bits) {
		if (!window.crypto?.subtle) throw new Error(t("no_crypto"));
		const encoder = new TextEncoder();
		const shift = 32 - bits;
		for (let first = 0; ; first += 256) {
			const numbers = Array.from({ length: 256 }, (_one, index) => first + index);
			const digests = await Promise.all(
				numbers.map((number) => crypto.subtle.digest("SHA-256", encoder.encode(`${puzzle}.${number}`)))
			);
			const found = digests.findIndex((digest) => new DataView(digest).getUint32(0) >>> shift === 0);
			if (found >= 0) return String(first + found);
		}
	}

	function take_puzzle({ puzzle, bits }) {
		Object.assign(state, { puzzle, answer: null });
		state.solving = solve(puzzle, bits).then((answer) => {
			if (state.puzzle === puzzle) state.answer = answer;
		});
		return state.solving;
	}

	const said = () => ({
		puzzle: state.puzzle,
		answer: state.answer,
		language,
		host,
		people: state.people.map((row) => ({ name: row.name.value.trim(), email: row.email.value.trim() })),
		company_fax: state.trap?.value || "",
		...(state.prefill && { prefill: state.prefill }),
	});

	// ---------------------------------------------------------------- who else signs

	function draw_people() {
		if (!state.most_people) return;
		const list = el("div", { class: "signflow-people-rows" });
		const add = el("button", { type: "button", class: "btn btn-default btn-sm" }, t("person_add"));
		add.addEventListener("click", () => add_person(list, add, true));
		const box = el(
			"fieldset",
			{ class: "signflow-people" },
			el("legend", {}, t("people")),
			el("p", { class: "text-muted" }, t("people_lead")),
			list,
			add
		);
		document.querySelector(".web-form-body").append(box);
		for (let place = 0; place < state.least_people; place++) add_person(list, add, false);
	}

	function add_person(list, add, focus) {
		const number = (add_person.count = (add_person.count || 0) + 1);
		const input = (name, type, label) => {
			const id = `signflow-${name}-${number}`;
			const field = el("input", { id, type, class: "form-control", maxlength: 140, autocomplete: "off" });
			return [field, el("div", { class: "form-group" }, el("label", { for: id, class: "control-label" }, label), field)];
		};
		const [name, name_box] = input("name", "text", t("person_name"));
		const [email, email_box] = input("mail", "email", t("person_mail"));
		const person = { name, email };
		const remove = el("button", { type: "button", class: "btn btn-link btn-sm" }, t("person_remove"));
		const row = el("div", { class: "signflow-person" }, name_box, email_box, state.people.length >= state.least_people && remove);
		remove.addEventListener("click", () => {
			state.people = state.people.filter((one) => one !== person);
			row.remove();
			add.hidden = false;
			add.focus();
		});
		state.people.push(person);
		list.append(row);
		add.hidden = state.people.length >= state.most_people;
		if (focus) name.focus();
	}

	function set_people(people) {
		const add = document.querySelector(".signflow-people > button");
		const list = document.querySelector(".signflow-people-rows");
		(people || []).forEach((one, place) => {
			if (!state.people[place] && list && state.people.length < state.most_people) add_person(list, add, false);
			if (!state.people[place]) return;
			state.people[place].name.value = one.name || "";
			state.people[place].email.value = one.email || "";
		});
	}

	// ---------------------------------------------------------------- continue later

	function draw_later(form) {
		const button = el("button", { type: "button", class: "btn btn-default btn-sm signflow-later" }, t("later"));
		button.addEventListener("click", () => later(form));
		document.querySelector(".web-form-footer .left-area").append(button);
	}

	function later(form) {
		const dialog = new frappe.ui.Dialog({
			title: t("later"),
			fields: [
				{ fieldtype: "HTML", fieldname: "lead" },
				{
					fieldtype: "Data",
					options: "Email",
					fieldname: "email",
					label: t("later_mail"),
					reqd: 1,
					default: form.get_value(state.email_field) || "",
				},
			],
			primary_action_label: t("later_send"),
			primary_action: async ({ email }) => {
				await state.solving;
				try {
					const answer = await call("signflow.api.forms.save_for_later", {
						web_form: form.name,
						data: form.get_values(true) || {},
						email,
						page: said(),
					});
					dialog.hide();
					frappe.form_dirty = false;
					frappe.msgprint(frappe.utils.escape_html(answer.text));
				} catch (error) {
					frappe.msgprint(frappe.utils.escape_html(error.message));
				}
			},
		});
		dialog.get_field("lead").$wrapper.text(t("later_lead"));
		dialog.show();
	}

	// ---------------------------------------------------------------- coming back, and going on

	function token_of(name) {
		const found = new RegExp(`^#${name}=([\\w.~-]+)$`).exec(location.hash);
		if (found) history.replaceState(history.state, "", location.pathname + location.search);
		return found?.[1];
	}

	async function come_back(form) {
		const mailed = token_of("signflow");
		const token = mailed || history.state?.signflow;
		if (!token) return false;
		try {
			const kept = await call("signflow.api.forms.resume", { token });
			take_puzzle(kept);
			await form.set_values(kept.answers);
			set_people(kept.people);
			history.replaceState({ ...history.state, signflow: token }, "");
			frappe.show_alert?.({ message: t("resumed"), indicator: "green" });
			return true;
		} catch (error) {
			history.replaceState({ ...history.state, signflow: null }, "");
			if (mailed) frappe.msgprint(frappe.utils.escape_html(error.message));
			return false;
		}
	}

	async function fill_in(form) {
		const token = token_of("prefill");
		if (!token) return;
		try {
			const given = await call("signflow.api.prefills.open", { token });
			state.prefill = token;
			await form.set_values(given.values);
			for (const name of given.locked || []) {
				form.set_df_property(name, "read_only", 1);
				form.set_df_property(name, "description", t("locked"));
			}
		} catch (error) {
			frappe.msgprint(frappe.utils.escape_html(error.message));
		}
	}

	function go_on(answer) {
		const found = answer?.signflow;
		if (!found?.next) {
			frappe.msgprint(t("done"));
			return;
		}
		tell("submitted");
		frappe.form_dirty = false;
		history.replaceState({ ...history.state, signflow: found.back }, "");
		location.href = found.next;
	}

	function close(text) {
		document.querySelector(".web-form")?.remove();
		document.querySelector(".web-form-container")?.append(el("p", { class: "signflow-closed", role: "status" }, text));
	}

	function draw_notice() {
		const { controller, url } = state.notice;
		const link = /^(https?:\/\/|\/(?!\/))/.test(url) && el("a", { href: url, target: "_blank", rel: "noopener" }, t("privacy"));
		document.querySelector(".web-form").append(el("p", { class: "signflow-privacy" }, `${controller}. ${t("kept")} `, link));
	}

	/** Frappe draws labels beside its inputs without tying them together; a reader of screens hears none. */
	function tie_labels() {
		document.querySelectorAll(".web-form .frappe-control[data-fieldname]").forEach((control) => {
			const label = control.querySelector("label.control-label");
			const input = control.querySelector("input:not([type=checkbox]), select, textarea");
			if (!input) return;
			input.id ||= `signflow-${control.dataset.fieldname}`;
			if (label) label.setAttribute("for", input.id);
			else if (control.title) input.setAttribute("aria-label", control.title);
			if (control.querySelector(".reqd")) input.setAttribute("aria-required", "true");
		});
	}

	/** As on our own pages; while nothing is typed, for the page is loaded anew. */
	function draw_languages() {
		if (!state.choose_language) return;
		const links = Object.entries({ fi: "Suomi", sv: "Svenska", en: "English" }).map(([code, name]) => {
			const asked = new URLSearchParams(location.search);
			asked.set("lang", code);
			const link = el("a", { href: `?${asked}`, lang: code, hreflang: code, title: name }, code.toUpperCase());
			if (code === language) link.setAttribute("aria-current", "true");
			link.addEventListener("click", () => state.prefill && (link.hash = `prefill=${state.prefill}`));
			return link;
		});
		const box = el("nav", { class: "signflow-languages", "aria-label": t("language") }, ...links);
		document.querySelector(".web-form-container").prepend(box);
	}

	/** Frappe speaks of steps in the languages that it has; ours are three. */
	function name_steps() {
		for (const [button, text] of [
			[".btn-next", t("next")],
			[".btn-previous", t("previous")],
		]) {
			document.querySelectorAll(`.web-form-footer ${button}`).forEach((node) => (node.textContent = text));
		}
	}

	// ---------------------------------------------------------------- start

	async function start(form) {
		const begun = await call("signflow.api.forms.begin", { web_form: form.name, host });
		Object.assign(state, begun);
		document.documentElement.classList.add("signflow-form");
		watch_height();
		if (begun.closed) {
			close(begun.closed);
			return tell("loaded");
		}
		const submit = document.querySelector(".web-form .submit-btn");
		if (submit && ["", "Save", "Submit"].includes(form.button_label || "")) submit.textContent = t("to_sign");
		if (begun.color) document.documentElement.style.setProperty("--signflow-color", begun.color);
		state.trap = el("input", { name: "company_fax", tabindex: -1, autocomplete: "off" });
		document.querySelector(".web-form")?.append(
			el("div", { class: "signflow-trap", "aria-hidden": "true" }, el("label", {}, "Fax", state.trap))
		);
		tie_labels();
		name_steps();
		draw_languages();
		draw_notice();
		draw_people();
		draw_later(form);

		const save = form.save.bind(form);
		form.save = () => {
			if (!state.answer) {
				frappe.show_alert?.(t("wait"));
				state.solving.then(() => form.save()).catch((error) => frappe.msgprint(frappe.utils.escape_html(error.message)));
				return false;
			}
			form.doc.__signflow = said();
			return save();
		};
		form.handle_success = go_on;
		if (!(await come_back(form))) {
			take_puzzle(begun).catch((error) => frappe.msgprint(frappe.utils.escape_html(error.message)));
			await fill_in(form);
		}
		tell("loaded");
	}

	function wait_for_form(tries = 0) {
		const form = window.frappe?.web_form;
		if (form?.fields_dict && Object.keys(form.fields_dict).length) {
			if (form.is_new || form.in_edit_mode) {
				start(form).catch((error) => frappe.msgprint(frappe.utils.escape_html(error.message)));
			}
		} else if (tries < 200) setTimeout(() => wait_for_form(tries + 1), 50);
	}

	const style = el("link", { rel: "stylesheet", href: `/assets/signflow/forms/form.css${version}` });
	document.head.append(style);
	window.addEventListener("pageshow", (event) => event.persisted && location.reload());
	wait_for_form();
})();
