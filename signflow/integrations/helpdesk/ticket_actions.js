// Signflow in a ticket. What is offered, asked and said comes from the site, in the language of whoever looks at it.
// eslint-disable-next-line no-unused-vars -- Helpdesk calls it
async function setupForm({ doc, call, toast, $dialog }) {
	// 1.28's page for phones asks before it knows its ticket, and again when it does.
	if (!doc || !doc.name) {
		return { actions: [] };
	}
	const ticket = doc.name;
	let offered;
	try {
		offered = await call("signflow.integrations.helpdesk.api.offered", { ticket });
	} catch (error) {
		// Other scripts' actions must not go missing for ours.
		console.error("signflow", error);
		return { actions: [] };
	}
	const said = (error) => (error.messages && error.messages.join(" ")) || error.message;

	// Helpdesk 1.22 and later call an action's function twice for a click.
	function once(job) {
		let busy = false;
		return async (...given) => {
			if (busy) {
				return;
			}
			busy = true;
			try {
				await job(...given);
			} catch (error) {
				toast.error(said(error));
			} finally {
				busy = false;
			}
		};
	}

	function element(tag, properties, ...children) {
		const made = Object.assign(document.createElement(tag), properties);
		made.append(...children);
		return made;
	}

	function choice(field, option, kind) {
		const box = element("input", { type: kind, name: field.name });
		box.setAttribute("value", option.value);
		if (option.checked) {
			box.setAttribute("checked", "");
		}
		const line = element("label", {}, box, ` ${option.label}`);
		line.style.cssText = "display:block;padding:4px 0;overflow-wrap:anywhere";
		return line;
	}

	function select(field) {
		const list = element("select", { name: field.name, ariaLabel: field.label });
		list.style.cssText = "box-sizing:border-box;width:100%;padding:6px;border:1px solid #c7c7c7;border-radius:6px";
		for (const option of field.options) {
			const line = element("option", {}, option.label);
			line.setAttribute("value", option.value);
			if (option.checked) {
				line.setAttribute("selected", "");
			}
			list.append(line);
		}
		return list;
	}

	function text(field) {
		const line = element("input", { type: "text", name: field.name, ariaLabel: field.label });
		line.setAttribute("value", field.value || "");
		line.style.cssText = "box-sizing:border-box;width:100%;padding:6px;border:1px solid #c7c7c7;border-radius:6px";
		return line;
	}

	// By rules alone: the dialog takes HTML, and listens to nothing in it.
	function hiding(id, { name, only_with: [other, value] }) {
		const chosen = ["", " "].map((within) => `[name="${other}"]${within}[value="${value}"]:checked`);
		return element("style", {}, `#${id}:not(:has(${chosen})) [data-only="${name}"] { display: none }`);
	}

	// As a text: the dialog takes HTML, and whatever stands in names and values is escaped by the browser itself.
	function page(id, asked) {
		// No form: Enter in a text would send it, and with it the page away.
		const form = element("div", { id });
		form.style.cssText = "display:grid;gap:12px";
		for (const note of asked.notes) {
			const line = element("p", {}, note);
			line.style.cssText = "margin:0";
			form.append(line);
		}
		for (const field of asked.fields) {
			const group = element("fieldset", {}, element("legend", {}, field.label));
			group.style.cssText = "border:0;margin:0;padding:0;min-width:0";
			if (field.type === "select") {
				group.append(select(field));
			} else if (field.type === "text") {
				group.append(text(field));
			} else {
				group.append(...field.options.map((option) => choice(field, option, "checkbox")));
			}
			if (field.only_with) {
				group.dataset.only = field.name;
				form.append(hiding(id, field));
			}
			form.append(group);
		}
		return form.outerHTML;
	}

	function answers(id, asked) {
		const given = document.getElementById(id);
		const answer = ({ name, type }) =>
			type === "checks"
				? [...given.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value)
				: given.querySelector(`[name="${name}"]`).value;
		return Object.fromEntries(asked.fields.map((field) => [field.name, answer(field)]));
	}

	async function perform(action, asked, id, context) {
		const done = await call("signflow.integrations.helpdesk.api.perform", { ticket, action, values: answers(id, asked) });
		// A function in 1.14, an object that holds it in later releases.
		const close = (context && context.close) || context;
		if (typeof close === "function") {
			close();
		}
		toast.success(done.text);
		if (done.address && !window.open(done.address, "_blank")) {
			window.location.assign(done.address);
		}
	}

	async function begin(action) {
		const asked = await call("signflow.integrations.helpdesk.api.begin", { ticket, action });
		const id = `signflow-${Date.now()}`;
		$dialog({
			title: asked.title,
			html: page(id, asked),
			actions: asked.submit
				? [
						{
							label: asked.submit,
							variant: "solid",
							onClick: once((context) => perform(action, asked, id, context)),
						},
					]
				: [],
		});
	}

	// A menu's entries stand in its `items`: neither 1.14 nor 1.28's page for phones shows any others. No icon: 1.28 draws a
	// button that has one without its words.
	const actions = [];
	for (const { action, label, group } of offered) {
		const entry = { label, onClick: once(() => begin(action)) };
		const menu = group && actions.find((one) => one.group === group);
		if (menu) {
			menu.items.push(entry);
		} else {
			actions.push(group ? { group, buttonLabel: group, hideLabel: true, items: [entry] } : entry);
		}
	}
	return { actions };
}
