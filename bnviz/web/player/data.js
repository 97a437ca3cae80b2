// @ts-check
// The dialog with a chart's numbers: what it shows in a sentence, then its tables. Each can be saved as a file. The
// chart itself can be saved as a picture.

import {openDialog} from "./dialog.js";
import {make} from "./dom.js";
import {saveFile} from "./files.js";
import {csv, shownValue, visibleRows} from "./table.js";

/** @import {Values} from "./types" */
/** @import {Table} from "./table.js" */
/** @typedef {(key: string, values?: Values) => string} Text */

/**
 * @param {HTMLElement} parent
 * @param {{title: string, summary: string, file: string}} chart `file` is what its files are called, without a suffix
 * @param {Table[]} tables
 * @param {Text} text
 * @param {(format: "png" | "svg") => void} picture saves the chart as a picture
 */
export function openData(parent, {title, summary, file}, tables, text, picture) {
  const sections = tables.flatMap((table, index) => {
    const caption = tables.length > 1 ? text("rows_by", {title, key: table.key}) : title;
    return tableSection(table, caption, index ? `${file}-${index + 1}.csv` : `${file}.csv`, text);
  });
  const content = sections.length ? sections : [make("p", {}, text("no_data"))];
  const as = (/** @type {"png" | "svg"} */ format, /** @type {string} */ words) =>
    make("button", {type: "button", onclick: () => picture(format)}, words);
  const pictures = make("p", {class: "bnviz-table-tools"}, as("png", text("chart_png")), " ", as("svg", text("chart_svg")));
  openDialog(parent, text("data_of", {title}), text("close"), [make("p", {}, summary), pictures, ...content]);
}

/**
 * A table, how much of it is shown, and a button that saves all of it.
 * @param {Table} table
 * @param {string} caption
 * @param {string} file
 * @param {Text} text
 */
function tableSection(table, caption, file, text) {
  const {rows, every} = visibleRows(table);
  const total = table.rows.length;
  const size = every > 1 ? text("thinned", {every, shown: rows.length, total}) : text("all_rows", {total});
  const button = make(
    "button",
    {type: "button", onclick: () => saveFile(file, new Blob([csv(table)], {type: "text/csv"}))},
    text("download"),
  );
  button.setAttribute("aria-label", text("download_of", {file}));
  const heads = [table.key, ...table.columns].map((name) => make("th", {scope: "col"}, name));
  const body = rows.map(([key, ...values]) => {
    const cells = values.map((value) => make("td", {}, shownValue(value)));
    return make("tr", {}, make("th", {scope: "row"}, shownValue(key)), ...cells);
  });
  const head = make("thead", {}, make("tr", {}, ...heads));
  const node = make("table", {}, make("caption", {}, caption), head, make("tbody", {}, ...body));
  return [
    make("p", {class: "bnviz-table-tools"}, size, " ", button),
    make("div", {class: "bnviz-table", tabindex: 0, role: "group", "aria-label": caption}, node),
  ];
}
