// What a shop's server would say with RudderStack's library for Node. Arguments: address, key, gzip or plain.
import Analytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, key, packing] = process.argv.slice(2);
const failed = [];
const analytics = new Analytics(key, {
  dataPlaneUrl,
  flushAt: 50,
  gzip: packing === "gzip",
  retryCount: 0,
  errorHandler: (error) => failed.push(error),
});
analytics.axiosInstance.interceptors.response.use((response) => {
  console.log(`${response.config.headers["Content-Type"]} ${response.config.headers["Content-Encoding"]}`);
  return response;
});

analytics.identify({ userId: "ana", traits: { email: "Ana@Example.org", name: "Ana" } });
analytics.track({
  userId: "ana",
  event: "Order Completed",
  properties: {
    currency: "EUR",
    products: [
      { category: "bread", name: "rye", quantity: 2, price: 3.1 },
      { category: "soap", name: "olive", quantity: 1, price: 5 },
    ],
  },
});
analytics.track({
  userId: "ana",
  event: "Survey Answered",
  properties: { question: "nuts", answer: "none", words: "no nuts, ñam 🥜" },
});
for (let number = 0; number < 120; number++) {
  analytics.track({ userId: "eva", event: "Pinged", properties: { number } });
}
await analytics.flush();
if (failed.length) {
  console.error(failed);
  process.exit(1);
}
