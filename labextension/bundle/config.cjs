/**
 * What is different from the bundle that jupyter-builder makes by default: fewer bytes.
 */
const path = require('path');
const { rspack } = require('@rspack/core');
const SmallRuntime = require('./runtime.cjs');

module.exports = {
  // What tsc emits.
  target: ['web', 'es2022'],
  plugins: [new SmallRuntime()],
  // Each name and each hash once; the version of the address is added where a chunk is loaded.
  output: { filename: '[name].[contenthash].js' },
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
    chunkIds: 'natural',
    mangleExports: 'size',
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
