import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import items.client.ApiClient;
import items.client.ApiException;
import items.client.ApiResponse;
import items.client.api.ItemsApi;
import items.client.api.ItemsApi.APIDeleteItemRequest;
import items.client.api.ItemsApi.APIGetItemRequest;
import items.client.api.ItemsApi.APIPatchItemRequest;
import items.client.api.ItemsApi.APIPutItemRequest;
import items.client.api.ItemsApi.APIUpdateItemRequest;
import items.client.api.ListsApi;
import items.client.api.ListsApi.APIListPartitionRequest;
import items.client.api.ListsApi.APIQueryItemsRequest;
import items.client.model.ItemUpdate;
import items.client.model.Page;
import items.client.model.Problem;
import items.client.model.Query;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The story's calls arrive as lines of JSON; each gets one in return. */
public final class Adapter {
  private static final String TYPED_JSON = "application/vnd.dynamodb+json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private record Call(
      String operation,
      String id,
      String name,
      Map<String, Object> item,
      boolean typed,
      List<String> fields,
      String if_match,
      String if_none_match,
      String prefer,
      Integer limit,
      String cursor,
      String prefix,
      String order) {}

  public static void main(String[] arguments) throws Exception {
    ApiClient plainClient = new ApiClient();
    plainClient.updateBaseUri(arguments[0]);
    // A map keeps its nulls, or a merge patch could remove nothing; what is not set is left out.
    plainClient.setObjectMapper(
        ApiClient.createDefaultObjectMapper()
            .setDefaultPropertyInclusion(
                JsonInclude.Value.construct(
                    JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS)));
    // It offers every media type otherwise, and the headers of a call only add to its own.
    plainClient.setRequestInterceptor(request -> request.setHeader("Accept", "application/json"));
    ItemsApi plain = new ItemsApi(plainClient);
    ListsApi lists = new ListsApi(plainClient);
    ApiClient typedClient = new ApiClient();
    typedClient.updateBaseUri(arguments[0]);
    typedClient.setRequestInterceptor(
        request -> request.setHeader("Accept", TYPED_JSON).setHeader("Content-Type", TYPED_JSON));
    ItemsApi typed = new ItemsApi(typedClient);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Call call = JSON.readValue(line, Call.class);
      out.println(JSON.writeValueAsString(result(call.typed() ? typed : plain, lists, call)));
    }
  }

  private static Map<String, Object> result(ItemsApi api, ListsApi lists, Call call)
      throws Exception {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("item", null);
    result.put("problem", null);
    try {
      boolean isList = List.of("list", "query").contains(call.operation());
      ApiResponse<?> response = isList ? sendList(lists, call) : send(api, call);
      result.put("status", response.getStatusCode());
      result.put("etag", header(response.getHeaders(), "etag"));
      result.put(isList ? "page" : "item", response.getData());
    } catch (ApiException failure) {
      result.put("status", failure.getCode());
      result.put("etag", header(failure.getResponseHeaders().map(), "etag"));
      String body = failure.getResponseBody();
      if (body != null && !body.isEmpty()) {
        result.put("problem", JSON.readValue(body, Problem.class));
      }
    }
    return result;
  }

  private static ApiResponse<Map<String, Object>> send(ItemsApi api, Call call)
      throws ApiException {
    return switch (call.operation()) {
      case "get" ->
          api.getItemWithHttpInfo(
              APIGetItemRequest.newBuilder()
                  .id(call.id())
                  .name(call.name())
                  .fields(call.fields())
                  .ifNoneMatch(call.if_none_match())
                  .build());
      case "put" ->
          api.putItemWithHttpInfo(
              APIPutItemRequest.newBuilder()
                  .id(call.id())
                  .name(call.name())
                  .requestBody(call.item())
                  .ifMatch(call.if_match())
                  .ifNoneMatch(call.if_none_match())
                  .prefer(call.prefer())
                  .build());
      case "patch" ->
          api.patchItemWithHttpInfo(
              APIPatchItemRequest.newBuilder()
                  .id(call.id())
                  .name(call.name())
                  .requestBody(call.item())
                  .ifMatch(call.if_match())
                  .build());
      case "update" -> {
        Map<String, Object> members = new LinkedHashMap<>(call.item());
        members.put("id", call.id());
        members.put("name", call.name());
        yield api.updateItemWithHttpInfo(
            APIUpdateItemRequest.newBuilder()
                .itemUpdate(JSON.convertValue(members, ItemUpdate.class))
                .ifMatch(call.if_match())
                .build());
      }
      case "delete" ->
          api.deleteItemWithHttpInfo(
              APIDeleteItemRequest.newBuilder()
                  .id(call.id())
                  .name(call.name())
                  .ifMatch(call.if_match())
                  .build());
      default -> throw new IllegalArgumentException(call.operation());
    };
  }

  private static ApiResponse<Page> sendList(ListsApi lists, Call call) throws ApiException {
    return switch (call.operation()) {
      case "list" ->
          lists.listPartitionWithHttpInfo(
              APIListPartitionRequest.newBuilder()
                  .id(call.id())
                  .limit(call.limit())
                  .cursor(call.cursor())
                  .prefix(call.prefix())
                  .order(call.order())
                  .build());
      default ->
          lists.queryItemsWithHttpInfo(
              APIQueryItemsRequest.newBuilder()
                  .query(JSON.convertValue(call.item(), Query.class))
                  .build());
    };
  }

  private static String header(Map<String, List<String>> headers, String name) {
    return headers.getOrDefault(name, List.of()).stream().findFirst().orElse(null);
  }
}
