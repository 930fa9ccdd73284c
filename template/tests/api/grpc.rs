use belvedere_testing::TestService;
use serde_json::json;
use tonic::{Code, IntoRequest, Request, transport::Channel};

use {{crate_name}}::orders::pb::{
    GetOrderRequest, PlaceOrderRequest, WatchOrdersRequest,
    order_service_client::OrderServiceClient,
};

use crate::helpers::start;

async fn client(service: &TestService) -> OrderServiceClient<Channel> {
    let endpoint = Channel::from_shared(format!("http://{}", service.grpc()));
    let channel = endpoint.expect("a URL").connect().await;
    OrderServiceClient::new(channel.expect("it listens"))
}

fn as_acme<T>(message: impl IntoRequest<T>) -> Request<T> {
    let mut request = message.into_request();
    let tenant = "acme".parse().expect("it is ASCII");
    request.metadata_mut().insert("x-tenant-id", tenant);
    request
}

fn wish(product: &str, quantity: i64) -> Request<PlaceOrderRequest> {
    as_acme(PlaceOrderRequest {
        product: product.to_owned(),
        quantity,
    })
}

#[tokio::test]
async fn an_order_that_is_placed_by_grpc_is_read_by_both() {
    let service = start();
    let mut client = client(&service).await;
    let order = client.place_order(wish("espresso", 2)).await.unwrap();
    let order = order.into_inner();
    assert_eq!(order.total_cents, 500);
    let id = GetOrderRequest {
        id: order.id.clone(),
    };
    let read = client.get_order(as_acme(id)).await.unwrap();
    assert_eq!(read.into_inner(), order);
    let read = service.get(&format!("/v1/orders/{}", order.id)).await;
    assert_eq!(read.json()["total_cents"], 500);
}

#[tokio::test]
async fn an_order_that_is_placed_by_http_is_told_to_who_watches() {
    let service = start();
    let mut client = client(&service).await;
    let watched = client.watch_orders(as_acme(WatchOrdersRequest {})).await;
    let mut orders = watched.unwrap().into_inner();
    for quantity in [1, 2] {
        let order = json!({"product": "espresso", "quantity": quantity});
        service.post("/v1/orders", &order).await;
        let told = orders.message().await.unwrap().unwrap();
        assert_eq!(told.quantity, quantity);
    }
    service.terminate().unwrap();
    assert!(orders.message().await.unwrap().is_none());
}

#[tokio::test]
async fn what_cannot_be_sold_is_refused_in_the_words_of_grpc() {
    let service = start();
    let mut client = client(&service).await;
    for (product, quantity, code) in [
        ("geisha", 4, Code::FailedPrecondition),
        ("tea", 1, Code::InvalidArgument),
        ("espresso", 0, Code::InvalidArgument),
    ] {
        let refused = client.place_order(wish(product, quantity)).await;
        assert_eq!(refused.unwrap_err().code(), code, "{product}");
    }
    let unknown = client.get_order(GetOrderRequest::default()).await;
    assert_eq!(unknown.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_call_leaves_a_line_a_figure_and_a_trace_down_to_its_statements() {
    let service = start();
    let mut client = client(&service).await;
    client.place_order(wish("espresso", 1)).await.unwrap();
    let line = service
        .line(|line| line["route"] == "orders.v1.OrderService/PlaceOrder")
        .await;
    assert_eq!(line["tenant_id"], "acme");
    let counted = r#"method="PlaceOrder",package="orders.v1",service="OrderService",status_code="OK"} 1"#;
    service.metric(counted).await;
    let tree = service.trace(line["trace_id"].as_str().unwrap()).await;
    for span in [
        "orders.v1.OrderService/PlaceOrder",
        "process_order",
        "UPDATE products",
        "INSERT orders",
    ] {
        assert!(tree.contains(span), "{span} is not in\n{tree}");
    }
}
