// Makes a part of the page the same as a newer one, and touches nothing that is the same already: what has the focus,
// is open, selected or typed stays so. Elements with an id are recognised wherever they have gone.
"use strict";

const KEPT_ATTRIBUTES = new Set(["open"]); // people open and close; the server does not

function morph(part, fresh) {
  const known = new Map([...part.querySelectorAll("[id]")].map((one) => [one.id, one]));
  become(part, fresh, known);
}

function become(node, fresh, known) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== fresh.nodeValue) node.nodeValue = fresh.nodeValue;
    return;
  }
  if (node.isEqualNode(fresh)) return;
  for (const { name } of [...node.attributes]) {
    if (!fresh.hasAttribute(name) && !KEPT_ATTRIBUTES.has(name)) node.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (node.getAttribute(name) !== value && !KEPT_ATTRIBUTES.has(name)) node.setAttribute(name, value);
  }
  becomeChildren(node, fresh, known);
}

function becomeChildren(node, fresh, known) {
  let at = node.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = counterpart(at, child, known);
    if (same === null) {
      const made = document.importNode(child, false); // its children may be known: they move in
      node.insertBefore(made, at);
      becomeChildren(made, child, known);
    } else {
      if (same === at) at = at.nextSibling;
      else node.insertBefore(same, at);
      become(same, child, known);
    }
  }
  while (at !== null) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function counterpart(at, child, known) {
  if (child.id) {
    const found = known.get(child.id);
    return found !== undefined && found.nodeName === child.nodeName ? found : null;
  }
  return at !== null && at.nodeName === child.nodeName && !at.id ? at : null;
}
