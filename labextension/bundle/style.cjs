/**
 * A loader that puts a style sheet into the page: as a file of its own, which is no JavaScript to be parsed.
 */
const crypto = require('crypto');
const fs = require('fs');

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
  const hash = crypto.createHash('sha256').update(css).digest('hex');
  const file = `style.${hash.slice(0, 16)}.css`;
  this.emitFile(file, css);
  // As for the scripts: with a version in its address the server lets browsers keep it.
  return `const link = document.createElement('link');
link.rel = 'stylesheet';
link.href = __webpack_public_path__ + '${file}?v=1';
document.head.append(link);`;
};
