// Bundles react.jsx, vue.js and web-component.js into the folder that is named, as a site's own build would. What they import
// as «page:NAME» is that snippet of docs/embedding.md, to the letter.

import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { compileScript, parse } from "vue/compiler-sfc";

const PAGE = new URL("../../../docs/embedding.md", import.meta.url);

async function snippet({ path: name }) {
  const [, language, text] = (await readFile(PAGE, "utf8")).match(RegExp(`<!-- show: ${name} -->\n\`\`\`(\\w+)\n(.*?)\`\`\``, "s"));
  const isVue = language === "vue";
  return { contents: isVue ? compiled(text) : text, loader: isVue ? "js" : language, resolveDir: import.meta.dirname };
}

const compiled = (text) => compileScript(parse(text).descriptor, { id: "page", inlineTemplate: true }).content;

const snippets = {
  name: "snippets",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^page:/ }, ({ path }) => ({ path: path.slice("page:".length), namespace: "page" }));
    onLoad({ filter: /./, namespace: "page" }, snippet);
  },
};

await build({
  entryPoints: ["react.jsx", "vue.js", "web-component.js"],
  absWorkingDir: import.meta.dirname,
  outdir: process.argv[2],
  bundle: true,
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"development"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false" },
  plugins: [snippets],
  logLevel: "warning",
});
