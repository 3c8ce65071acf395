/**
 * What is different from the bundle that jupyter-builder makes by default: fewer bytes.
 */
const path = require('path');
const { rspack } = require('@rspack/core');

module.exports = {
  // What tsc emits.
  target: ['web', 'es2022'],
  module: {
    rules: [
      {
        test: /\.css$/,
        include: path.join(__dirname, '..', 'style'),
        // Before the default rule, whose loaders bring 4 kB of their own.
        enforce: 'post',
        use: [path.join(__dirname, 'style.cjs')]
      }
    ]
  },
  optimization: {
    // By default they follow from absolute paths, and a build in another folder has other bytes.
    moduleIds: 'natural',
    minimizer: [
      new rspack.SwcJsMinimizerRspackPlugin({
        minimizerOptions: {
          ecma: 2022,
          compress: {
            ecma: 2022,
            passes: 4,
            unsafe_arrows: true,
            hoist_props: true
          },
          mangle: true
        }
      })
    ]
  }
};
