/**
 * A loader that puts a style sheet into the page.
 */
const fs = require('fs');

const PREFIX = 'jp-NotebookStop-';
const MARK = '~~';

/** Without comments and needless spaces. */
function minify(css) {
  return css
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};>]) ?/g, '$1')
    .replace(/([:,]) /g, '$1')
    .replace(/;}/g, '}')
    .trim();
}

module.exports = source => source;

module.exports.pitch = function () {
  this.addDependency(this.resourcePath);
  const css = minify(fs.readFileSync(this.resourcePath, 'utf8'));
  // Our prefix is a quarter of it.
  const short = JSON.stringify(css.replaceAll(PREFIX, MARK));
  return `const style = document.createElement('style');
style.textContent = ${short}.replaceAll('${MARK}', '${PREFIX}');
document.head.append(style);`;
};
