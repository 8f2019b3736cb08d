// The paths come from the table of generators.
export default {
  items: {
    input: process.env.SDK_DOCUMENT,
    output: {
      target: `${process.env.SDK_CLIENT}/client.ts`,
      client: "fetch",
      urlEncodeParameters: true,
    },
  },
};
